"""The media and polls that X v2 posts have attached: the post has their keys, and `includes` the objects."""

from typing import Any

import msgspec

from ingest.formats.more_text import decoded, values_of

KEYS = {"media": "media_key", "polls": "id"}
"""The parts of `includes` that posts have attached, and the key of an object in each."""


def attachable(objects: object, key: str) -> dict[str, Any]:
    """Returns these objects by their key."""
    listed = objects if isinstance(objects, list) else []
    return {name: one for one in listed if isinstance(one, dict) and (name := id_of(one.get(key))) is not None}


def id_of(value: object) -> str | None:
    """Returns an id, which some dumps have as a number; None for what is none."""
    return value if type(value) is str else str(value) if type(value) is int and value >= 0 else None


def attached_to(attached: dict[str, Any], part: str, keys: str, key: str, included: msgspec.Raw) -> list[Any]:
    """Returns the media or polls that a post has attached, as they stand there or in `includes`."""
    there = attached.get(part)
    wanted = attached.get(keys)
    if there or not included or not isinstance(wanted, list):
        return there if isinstance(there, list) else [there]
    names = set(map(id_of, wanted))
    return [one for name, one in attachable(decoded(included), key).items() if name in names]


def objects_attached_to(tweets: list[Any], by_id: dict[str, dict[str, Any]]) -> dict[str, list[Any]]:
    """Returns the media and polls that these posts have attached; neither key where there are none."""
    found: dict[str, list[Any]] = {}
    attachments = [there for tweet in tweets if (there := tweet.get("attachments"))]
    if not attachments:
        return found
    for part, keys in (("media", "media_keys"), ("polls", "poll_ids")):
        attached = values_of(attachments, keys)
        wanted = {id_of(key) for some in attached if isinstance(some, list) for key in some}
        if objects := [by_id[part][key] for key in sorted(filter(None, wanted)) if key in by_id[part]]:
            found[part] = objects
    return found
