"""Watches the processes of a command while it runs: their CPU seconds, and their memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

import psutil

EVERY = 0.2
"""Seconds between two looks."""


class Role(StrEnum):
    """The part of a job that a process has."""

    DRIVER = "driver"
    SCRIPT = "script"
    WORKER = "worker"
    OTHER = "other"


def role_of(name: str, words: list[str]) -> Role:
    """Returns the role of a process from its name and its command line.

    The driver is the JVM. The script is the Python process that the driver starts for the job's file; all other Python
    processes are workers.
    """
    if name == "java":
        return Role.DRIVER
    if not name.startswith("python"):
        return Role.OTHER
    return Role.SCRIPT if any(word.endswith(".py") for word in words) else Role.WORKER


class Watch:
    """What was seen: `peaks` has, for each role, the most bytes (RSS) that its processes held at one time.

    Pages that worker processes share count once for each of them.
    """

    def __init__(self) -> None:
        self.peaks = dict.fromkeys(Role, 0)
        self._cpu = dict[tuple[int, float], float]()

    @property
    def cpu(self) -> float:
        """The CPU seconds of all processes, each as it was last seen."""
        return sum(self._cpu.values())

    @contextmanager
    def over(self, pid: int) -> Iterator[None]:
        """Looks at a process and all its descendants every EVERY seconds, as long as the block runs."""
        over = threading.Event()

        def look_on() -> None:
            while not over.wait(EVERY):
                with suppress(psutil.Error):
                    process = psutil.Process(pid)
                    self._look([process, *process.children(recursive=True)])

        thread = threading.Thread(target=look_on, name="watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _look(self, processes: list[psutil.Process]) -> None:
        held = dict.fromkeys(Role, 0)
        for process in processes:
            with suppress(psutil.Error), process.oneshot():
                used = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = used.user + used.system
                held[role_of(process.name(), process.cmdline())] += process.memory_info().rss
        self.peaks = {role: max(self.peaks[role], held[role]) for role in Role}
