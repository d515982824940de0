"""What a person sees: logs outlive the stderr that stood when they were set up."""

import io
from contextlib import redirect_stderr

import structlog

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
