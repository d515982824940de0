"""Asks Redis for itself: memory, what it keeps on disk, and how far the workers are behind."""

from datetime import UTC, datetime
from typing import Any

import redis

from conf.settings import Settings
from stores.connect import RedisClient
from stores.health.state import MIB, Redis
from stores.refused import words_of
from stores.workers import at_work

_DISK = {
    "aof_last_write_status": "the log of writes",
    "aof_last_bgrewrite_status": "shortening the log of writes",
    "rdb_last_bgsave_status": "the snapshot",
}
"""What Redis writes to its disk, by the name of its state."""


def read_redis(client: RedisClient, settings: Settings) -> Redis:
    """Returns what Redis tells. Raises no error if it does not answer, or refuses this user something."""
    try:
        info: dict[str, Any] = client.info()
        groups = _groups(client, settings.stream)
        saved = int(info.get("rdb_last_save_time", 0))
        return Redis(
            version=str(info.get("redis_version", "")),
            memory_mib=round(int(info["used_memory"]) / MIB, 1),
            limit_mib=round(int(info.get("maxmemory", 0)) / MIB, 1),
            policy=str(info.get("maxmemory_policy", "")),
            has_log=bool(int(info.get("aof_enabled", 0))),
            saved_at=datetime.fromtimestamp(saved, UTC) if saved else None,
            failing=tuple(what for name, what in _DISK.items() if info.get(name, "ok") != "ok"),
            waiting=int(client.xlen(settings.stream)),
            with_workers=sum(int(group["pending"]) for group in groups),
            workers=sum(len(at_work(client.xinfo_consumers(settings.stream, group["name"]))) for group in groups),
            lag_seconds=_lag(client, settings.stream),
        )
    except redis.RedisError as error:
        return Redis(problem=words_of(error))


def _groups(client: RedisClient, stream: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = client.xinfo_groups(stream)
    except redis.ResponseError as error:
        if "no such key" in str(error):  # nobody has queued anything yet
            return []
        raise
    return found


def _lag(client: RedisClient, stream: str) -> float | None:
    """Returns how long ago the oldest message was queued, in seconds, by Redis's clock."""
    first: Any = client.xrange(stream, count=1)
    if not first:
        return None
    seconds, micros = client.time()
    return round(max(0.0, int(seconds) + int(micros) / 1e6 - int(first[0][0].split(b"-")[0]) / 1e3), 1)
