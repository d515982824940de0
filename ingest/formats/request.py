"""A person's request to be forgotten, or to have a post forgotten: what `python -m ingest forget` queues."""

import msgspec

from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import Deletion, InvalidMessage


class Request(msgspec.Struct):
    """What is asked for: a post, by its id, or an account, by its handle (on Bluesky its DID)."""

    source: str
    post_id: str | None = None
    author: str | None = None


_REQUEST = msgspec.json.Decoder(Request)


def parse_request(payload: bytes) -> Deletion:
    """Returns the deletion that a person asks for; it holds for an account's later posts, too."""
    request = _REQUEST.decode(payload)
    return Deletion(source=request.source, post_id=request.post_id, author=request.author, for_good=True)


def account_of(source: str, name: str) -> str:
    """Returns an account's name as the column `author` has it; people write it with an @ and in any case."""
    return name.strip() if source == "bluesky" else name.strip().removeprefix("@").lower()


def _split(_keys: Keys, _line: bytes) -> Parts:
    raise InvalidMessage("a request to forget, not a post")


FORMAT = Format(network="x", keys=(), split=_split, deletions={"forget": parse_request})
