"""Jetstream events to order."""

from datetime import datetime
from typing import Any

import orjson

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"


def tid(at: datetime, clock: int = 0) -> str:
    """A record key for a moment: microseconds and a clock id of 10 bits, in base 32."""
    number = (int(at.timestamp() * 1_000_000) << 10) | clock
    return "".join(_BASE32[(number >> shift) & 31] for shift in range(60, -1, -5))


def event(
    record: dict[str, Any] | None,
    at: datetime,
    did: str = "did:plc:ana",
    rkey: str = "",
    operation: str = "create",
    collection: str = POST,
) -> bytes:
    """A commit."""
    commit: dict[str, Any] = {"rev": "r", "operation": operation, "collection": collection, "rkey": rkey or tid(at)}
    if record is not None:
        commit |= {"record": {"$type": collection, "createdAt": at.isoformat(), **record}, "cid": "c"}
    return orjson.dumps({"did": did, "time_us": time_us(at), "kind": "commit", "commit": commit})


def account_gone(at: datetime, did: str = "did:plc:ana") -> bytes:
    """An account that was deleted."""
    account = {"active": False, "did": did, "seq": 1, "status": "deleted", "time": at.isoformat()}
    return orjson.dumps({"did": did, "time_us": time_us(at), "kind": "account", "account": account})


def time_us(at: datetime) -> int:
    """As Jetstream gives times."""
    return round(at.timestamp() * 1_000_000)


def time_us_of(line: bytes) -> int:
    """An event's time."""
    return int(orjson.loads(line)["time_us"])
