"""Builds Jetstream events."""

from datetime import datetime
from typing import Any

import orjson

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"


def tid(at: datetime, clock: int = 0) -> str:
    """Returns a record key for a moment: microseconds and a clock id of 10 bits, in base 32."""
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
    """Returns a commit event; without `record`, one that has none, as a deletion."""
    commit: dict[str, Any] = {"rev": "r", "operation": operation, "collection": collection, "rkey": rkey or tid(at)}
    if record is not None:
        commit |= {"record": {"$type": collection, "createdAt": at.isoformat(), **record}, "cid": "c"}
    return orjson.dumps({"did": did, "time_us": time_us(at), "kind": "commit", "commit": commit})


def account_is(status: str, at: datetime, did: str = "did:plc:ana") -> bytes:
    """Returns the event of an account that is `active`, or not active with this status, such as `deactivated`."""
    account: dict[str, Any] = {"active": status == "active", "did": did, "seq": 1, "time": at.isoformat()}
    if status != "active":
        account["status"] = status
    return orjson.dumps({"did": did, "time_us": time_us(at), "kind": "account", "account": account})


def time_us(at: datetime) -> int:
    """Returns a time as Jetstream writes it, in µs since 1970."""
    return round(at.timestamp() * 1_000_000)


def time_us_of(line: bytes) -> int:
    """Returns an event's time, in µs since 1970."""
    return int(orjson.loads(line)["time_us"])
