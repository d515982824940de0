"""Ends what a test run has left: engines of tests whose process was ended before it could stop them.

With several processes, Ctrl-C ends those that run the tests at once. Their engines are daemons, with no parent.
"""

from pathlib import Path

import psutil


def end_in(folder: Path) -> list[str]:
    """Kills the processes whose command line names a path in this folder; returns their programs.

    The folder must be one run's own. This process and those above it are left.
    """
    own = {psutil.Process().pid, *(each.pid for each in psutil.Process().parents())}
    found = []
    for each in psutil.process_iter(["cmdline", "name"]):
        if each.pid not in own and any(f"{folder}/" in word for word in each.info["cmdline"] or ()):
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
            found.append(str(each.info["name"]))
    return found
