"""A command in the background whose log lines a test can wait for."""

import subprocess
import threading
import time
from dataclasses import dataclass, field

from tests.support.commands import end

PATIENCE = 120.0


@dataclass
class LoggedProcess:
    """A process, and the lines that it has written to stderr so far."""

    process: "subprocess.Popen[bytes]"
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.decode())

    def told(self, text: str) -> int:
        """Returns how many lines have this text."""
        return sum(text in line for line in self.lines)

    def wait_for(self, text: str, *, before: int = 0) -> None:
        """Waits until one line more than `before` has this text. Fails if the process ends first."""
        until = time.monotonic() + PATIENCE
        while self.told(text) <= before:
            assert time.monotonic() < until, f"it did not say {text!r}: {self.lines}"
            assert self.process.poll() is None, self.lines
            time.sleep(0.02)

    def ends_well(self, seconds: float = PATIENCE) -> None:
        """Waits until the process has ended; fails unless its exit code is 0. Kills it if it takes longer."""
        try:
            assert self.process.wait(seconds) == 0, self.lines
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {seconds} s: {self.lines}") from None
        finally:
            self.process.kill()
            self._reader.join()
            end(self.process)
