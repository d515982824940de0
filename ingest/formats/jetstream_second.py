"""Jetstream's second wire format: what stands in `commit`, `account` and `identity` stands beside the rest there."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from conf.instants import micros
from ingest.formats.lenient import Lenient


class Event(msgspec.Struct):
    kind: str = msgspec.field(name="$type", default="")
    did: str = ""
    time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: Any = None
    active: bool | None = None
    status: str | None = None
    handle: str | None = None


_EVENT = Lenient(Event)


def in_first_format(payload: bytes) -> bytes:
    """Returns an event in the first wire format. One that is about no account, such as `#info`, has an empty `did`."""
    event = _EVENT.decode(payload)
    what = event.kind.partition("#")[2]
    made: dict[str, Any] = {"did": event.did, "time_us": micros(event.time) if event.time else None, "kind": what}
    if what == "commit":
        made[what] = {name: getattr(event, name) for name in ("operation", "collection", "rkey", "record")}
    elif what == "account":
        made[what] = {"active": event.active, "status": event.status}
    elif what == "identity":
        made[what] = {"did": event.did, "handle": event.handle}
    return msgspec.json.encode(made)
