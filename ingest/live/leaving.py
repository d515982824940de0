"""The end of a live collection: all that was taken is queued or, while Redis takes nothing, kept on disk."""

import threading

import structlog

from conf.errors import PulsoError
from ingest.live.buffer import Buffer

LEAVE_SECONDS = 5.0
"""When nothing was queued for so long, what is left is kept on disk."""

log = structlog.get_logger("collector")


def wait_until_queued(
    publisher: threading.Thread, buffer: Buffer, leaving: threading.Event, seconds: float = LEAVE_SECONDS
) -> PulsoError | None:
    """Waits until the publishing thread has queued all, or has queued nothing for some seconds and all is on disk.

    In the second case, sets `leaving`, so that the thread gives up, and returns an error that says where the messages
    are. A thread that waits for an answer of Redis is not waited for: what it sends is queued with its position in the
    file, or not at all.
    """
    told = False
    while publisher.is_alive():
        before = buffer.position
        publisher.join(seconds)
        if not publisher.is_alive() or buffer.position != before:
            continue
        if kept := buffer.keep():
            leaving.set()
            publisher.join(seconds)
            if buffer.is_empty:
                return None
            return PulsoError(f"Redis takes no messages; {kept}", "Start the same command again: it queues them first")
        if not told:
            log.warning("waiting for Redis: a second signal ends this process, and what is not queued is a gap")
            told = True
    return None
