"""All of ingest on a ring of three nodes on this machine, with three copies of each row and four workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench import pulso
from bench.lab import Lab
from bench.pulso import Pass
from deploy.lifecycle import find
from stores.connect import cassandra_session, redis_client
from tests.support.cluster import ADDRESSES, ThreeNodes, cluster_ground
from tests.support.ground import Ground

WORKERS = 4


def whole(lab: Lab, posts: int, warm: int) -> Pass:
    """Stores posts by four workers on the ring, once it is warm; the engines of the lab stand idle beside it."""
    with _ring(lab) as (own, engines):
        pulso.whole(own, warm, WORKERS, engines)
        return pulso.whole(own, posts, WORKERS, engines)


@contextmanager
def _ring(lab: Lab) -> Iterator[tuple[Lab, dict[str, psutil.Process]]]:
    """Yields the lab with the ring and a Redis in place of its engines, and their processes."""
    with TemporaryDirectory(dir=lab.work) as folder, cluster_ground(Path(folder), options=()) as (ground, nodes):
        of_lab = ("topics_dir", "keyspace", "stream")
        settings = ground.settings.model_copy(update={name: getattr(lab.settings, name) for name in of_lab})
        (settings.home / "work").symlink_to(lab.work)
        more = {
            "PULSO_CASSANDRA_HOSTS": ",".join(ADDRESSES),
            "PULSO_CASSANDRA_DC": settings.cassandra_dc,
            "PULSO_REPLICATION": settings.replication,
        }
        with cassandra_session(settings) as session:
            client = redis_client(settings)
            yield replace(lab, settings=settings, session=session, redis=client, more=more), _processes(ground, nodes)
            client.close()


def _processes(ground: Ground, nodes: ThreeNodes) -> dict[str, psutil.Process]:
    found = {f"node {number}": process for number, one in enumerate(nodes.servers, 1) if (process := find(one))}
    return {**found, "Redis": psutil.Process(ground.pid("Redis"))}
