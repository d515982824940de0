import os
import subprocess

from conf.processes import started, this_boot


def test_a_process_is_told_from_a_later_one_and_an_ended_one_has_no_start() -> None:
    first = subprocess.Popen(["sleep", "60"])
    try:
        own = started(first.pid)
        assert own == started(first.pid)
        assert own not in ("", started(os.getpid()))
        first.kill()
        while started(first.pid):  # a zombie has ended, too
            pass
    finally:
        first.kill()
        first.wait()
    assert started(first.pid) == ""
    assert this_boot().split() == [this_boot()]
