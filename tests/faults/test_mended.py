"""What a failed test of faults leaves is mended before the next one: else that one would fail, too."""

import os
import signal

from ingest.queue.envelope import Envelope
from stores.connect import cassandra_session
from tests.support.ground import Ground
from tests.support.ports import free_port


def test_whatever_a_test_leaves_the_engines_take_requests_again(own: Ground) -> None:
    message = Envelope("t", "x", "x_v2", b"rubbish")
    worker = own.worker()
    with own.queue() as queue:
        queue.add([message])
        queue.client.config_set("maxmemory", 1)
        queue.client.replicaof("127.0.0.1", free_port())
    os.kill(own.pid("Cassandra"), signal.SIGSTOP)
    own.mend()
    assert worker.returncode is not None
    with own.queue() as queue:
        assert queue.backlog() == 0
        assert queue.add([message]) == 1
    with cassandra_session(own.settings) as session:
        assert session.execute("SELECT key FROM system.local").one()
    own.mend()
    own.kill("Redis")
    own.mend()
    with own.queue() as queue:
        assert (queue.backlog(), queue.has_group()) == (0, True)
