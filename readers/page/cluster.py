"""Cluster: the nodes of Cassandra and the Redis that this page reads from, with their versions."""

from typing import Any

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.settings import Settings
from readers.page.address import View
from readers.page.source import Source
from readers.page.texts import count, duration, shown
from stores.connect import redis_client

OWN: tuple[str, ...] = ()


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows. Raises StoreDown."""
    with source.session() as session:
        nodes = _nodes(session)
    return {
        "nodes": nodes,
        "redis": _redis(source.settings),
        "keyspace": source.keyspace,
        "replication": source.settings.replication,
        "consistency": source.settings.consistency,
    }


def _nodes(session: Session) -> list[dict[str, str]]:
    """Returns the nodes as the driver knows them, by address."""
    found = sorted(session.cluster.metadata.all_hosts(), key=lambda host: str(host.address))
    return [
        {
            "address": shown(host.address),
            "state": {True: "up", False: "down", None: "not known"}[host.is_up],
            "datacenter": shown(host.datacenter),
            "rack": shown(host.rack),
            "version": shown(host.release_version),
        }
        for host in found
    ]


def _redis(settings: Settings) -> dict[str, str]:
    """Returns what Redis tells of itself; of one that does not answer, why."""
    try:
        client = redis_client(settings)
    except PulsoError as error:
        return {"wrong": str(error)}
    try:
        told: Any = client.info()
    finally:
        client.close()
    return {
        "wrong": "",
        "version": shown(told.get("redis_version", "")),
        "memory": f"{told.get('used_memory', 0) / 1e6:,.0f} MB",
        "up": duration(told.get("uptime_in_seconds")),
        "clients": count(told.get("connected_clients")),
    }
