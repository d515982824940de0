"""X's website objects, as the browser extension Zeeschuimer keeps them, and 4CAT after an import.

Such an object is a v1.1 status in another order: its author, what it retweets or quotes, and a long text stand around
it. So it becomes a v1.1 status, and is parsed as one.
"""

from typing import Any

import orjson

from ingest.formats.format import Format, Keys, Parts
from ingest.formats.post import InvalidMessage

_SITES = ("twitter.com", "x.com")
_DEEPEST = 3
"""A post, the one that it retweets, and the one that this quotes."""


def _split(keys: Keys, line: bytes) -> Parts | None:
    """Returns the post as a v1.1 status; None for a `data` that is no website object."""
    item = orjson.loads(line)
    site = item.get("source_platform", "x.com")
    if site not in _SITES:
        raise InvalidMessage(f"an item of {str(site)[:60]}, which is no network that is read")
    tweet = item["data"] if "data" in keys else item
    if not isinstance(tweet, dict) or "legacy" not in _bare(tweet):
        return None
    return [("x_v11", orjson.dumps(_status(tweet)))]


def _bare(tweet: dict[str, Any]) -> dict[str, Any]:
    """Returns the object itself: where X limits who may answer, it stands one level deeper."""
    inner = tweet.get("tweet")
    return inner if isinstance(inner, dict) else tweet


def _status(wrapped: Any, depth: int = 1) -> dict[str, Any] | None:
    tweet = _bare(wrapped) if isinstance(wrapped, dict) else {}
    legacy = tweet.get("legacy")
    if not isinstance(legacy, dict) or depth > _DEEPEST:
        return None
    retweeted = _status(_part(legacy, "retweeted_status_result", "result"), depth + 1)
    quoted = _status(_part(tweet, "quoted_status_result", "result"), depth + 1)
    note = _part(tweet, "note_tweet", "note_tweet_results", "result")
    return {
        **{key: value for key, value in legacy.items() if not key.endswith("_result")},
        "id_str": tweet.get("rest_id") or legacy.get("id_str"),
        "user": _user(tweet, legacy),
        "source": tweet.get("source") or legacy.get("source"),
        "card": _part(tweet, "card", "legacy"),
        "retweeted_status": retweeted,
        "quoted_status": quoted,
        "extended_tweet": _extended(note) if isinstance(note, dict) else None,
    }


def _user(tweet: dict[str, Any], legacy: dict[str, Any]) -> dict[str, Any]:
    """Returns the author. X has moved the handle from `legacy` to `core`; an older object has a v1.1 user."""
    found = _part(tweet, "core", "user_results", "result")
    user = found if isinstance(found, dict) else {}
    older = tweet.get("user")
    parts = (older, user.get("legacy"), user.get("core"))
    merged = {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
    user_id = user.get("rest_id") or merged.get("id_str") or legacy.get("user_id_str")
    return merged | ({"id_str": user_id} if user_id else {})


def _extended(note: dict[str, Any]) -> dict[str, Any]:
    return {"full_text": note.get("text"), "entities": note.get("entity_set")}


def _part(holder: Any, *names: str) -> Any:
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder


FORMAT = Format(network="x", keys=(("data", "source_platform"), ("rest_id", "legacy")), split=_split)
