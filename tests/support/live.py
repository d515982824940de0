"""`python -m ingest stream` as a person runs it, and what stands in the tables after."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest.live.state import LiveState, read_states
from ingest.queue.posts_queue import PostsQueue
from tests.support.commands import start_command

PATIENCE = 60.0


@contextmanager
def streaming(topic: str, source: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The command, running; killed at the end if it still is."""
    process = start_command("ingest", "stream", "--topic", topic, "--source", source)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process: "subprocess.Popen[bytes]") -> str:
    """Stops it as an operator does; gives what it printed."""
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors.decode()
    return out.decode()


def wait_for(condition: Callable[[], bool], what: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Waits until it is so."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(f"{what}: the process ended: {process.stderr.read().decode()}")
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.02)


def state_of(queue: PostsQueue, topic: str) -> LiveState | None:
    """The state of the topic's live collection."""
    return next((state for state in read_states(queue.client, queue.stream) if state.topic == topic), None)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """kill -9."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
