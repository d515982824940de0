"""Tells a process from another that has got the same id later."""

from functools import cache
from pathlib import Path

import psutil


def started(pid: int) -> str:
    """Returns when a process of this host started, in a unit of its own; "" if there is no such process.

    On Linux these are ticks since the host started, which no correction of the clock moves.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        stat = Path(f"/proc/{pid}/stat")
        return stat.read_text().rpartition(")")[2].split()[19] if stat.is_file() else f"{process.create_time():.0f}"
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return ""


@cache
def this_boot() -> str:
    """Returns what names the time since this host started; "-" where `started` tells times, not ticks."""
    file = Path("/proc/sys/kernel/random/boot_id")
    return file.read_text().strip() if file.is_file() else "-"
