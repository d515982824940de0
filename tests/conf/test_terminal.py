"""What a person sees: logs outlive the stderr that stood when they were set up."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import redirect_stderr
from datetime import UTC, date, datetime
from errno import ENOSPC

import pytest
import structlog

from conf import ROOT
from conf.terminal import configure_logs


def test_a_log_goes_to_the_stderr_of_its_moment() -> None:
    log = structlog.get_logger("test")
    first, second = io.StringIO(), io.StringIO()
    with redirect_stderr(first):
        configure_logs()
        log.info("one")
    first_text = first.getvalue()
    first.close()
    with redirect_stderr(second):
        log.info("two")
    assert '"event": "one"' in first_text
    assert '"event": "two"' in second.getvalue()


def test_a_log_that_can_not_be_written_stops_nothing() -> None:
    log = structlog.get_logger("test")

    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(ENOSPC, "No space left on device")

    with redirect_stderr(Full()):
        configure_logs()
        log.error("nobody reads this")
    closed = io.StringIO()
    closed.close()
    with redirect_stderr(closed):
        log.info("nor this")


def test_in_a_pipe_an_instant_is_an_iso_time() -> None:
    out = io.StringIO()
    with redirect_stderr(out):
        configure_logs()
        structlog.get_logger("test").info("gap", since=datetime(2016, 5, 9, 1, 2, 3, tzinfo=UTC), day=date(2016, 5, 9))
    line = json.loads(out.getvalue())
    assert (line["since"], line["day"]) == ("2016-05-09T01:02:03+00:00", "2016-05-09")


@pytest.mark.parametrize("on_terminal", [False, True])
def test_no_log_holds_pythons_own_spelling_of_a_time(monkeypatch: pytest.MonkeyPatch, on_terminal: bool) -> None:
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: on_terminal)
    at = datetime(2016, 5, 9, 1, 2, 3, tzinfo=UTC)
    with redirect_stderr(out):
        configure_logs()
        structlog.get_logger("test").info("gap", since=at, gaps=[(at, None)], by={"x": at})
    assert "datetime" not in out.getvalue()
    assert out.getvalue().count("2016-05-09T01:02:03+00:00") == 3


def test_on_a_terminal_a_log_is_a_line_for_people_and_in_a_pipe_one_json_object() -> None:
    code = (
        "from datetime import UTC, datetime; import structlog; from conf.terminal import configure_logs;"
        "configure_logs(); structlog.get_logger('t').warning('gap', since=datetime(2016, 5, 9, tzinfo=UTC), lost=3)"
    )
    command = [sys.executable, "-c", code]
    piped = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    [line] = piped.stderr.splitlines()
    assert json.loads(line).items() >= {"event": "gap", "since": "2016-05-09T00:00:00+00:00", "lost": 3}.items()
    ours, theirs = pty.openpty()
    try:
        subprocess.run(command, cwd=ROOT, stderr=theirs, check=True, timeout=60)
        shown = re.sub(r"\x1b\[[0-9;]*m", "", os.read(ours, 4096).decode())
    finally:
        os.close(ours)
        os.close(theirs)
    assert "gap" in shown
    assert "since=2016-05-09T00:00:00+00:00" in shown
    assert "{" not in shown
