"""A way to a server that can be cut: connections are ended, and so is each new one."""

import socket
import threading
from contextlib import suppress

from tests.support.ports import LOCAL


class Cut:
    """Forwards connections from a free port to `target`; `cut` ends them all, `mend` lets new ones through."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target, self._open = target, list[socket.socket]()
        self._server = socket.create_server((LOCAL, 0))
        self.port: int = self._server.getsockname()[1]
        self._through = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends all connections; a new one is ended as soon as it comes."""
        self._through = False
        for each in [*self._open]:
            _end(each)

    def mend(self) -> None:
        """Lets connections through again."""
        self._through = True

    def close(self) -> None:
        """Ends all connections, and stops listening."""
        self.cut()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._server.accept()
            except OSError:
                return
            if not self._through:
                _end(here)
                continue
            there = socket.create_connection(self._target)
            self._open += [here, there]
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=_forward, args=(one, other), daemon=True).start()


def _forward(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    _end(one)
    _end(other)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
