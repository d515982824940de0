"""Pages of X API v2, as twarc2 stores them: several posts, with all objects that they refer to in one place."""

from typing import Any

import orjson

from ingest.formats.format import not_too_many
from ingest.formats.limits import MOST_SPLIT
from ingest.formats.malformed import MALFORMED
from ingest.formats.post import InvalidMessage
from ingest.formats.x_attachments import KEYS, attachable, id_of, objects_attached_to

_KEYS = {"users": "id", "tweets": "id", "places": "id", **KEYS}
"""The parts of `includes` that posts refer to, and the key of an object in each."""


def split_page(page: dict[str, Any]) -> list[bytes]:
    """Returns a page's posts as stream lines; each line has only the `includes` that its post refers to.

    Errors in a post are found later, when it is parsed. Raises InvalidMessage for a page of too many posts, or if they
    refer to so large objects that the lines would fill memory.
    """
    not_too_many(page["data"])
    includes = page.get("includes")
    there = includes if isinstance(includes, dict) else {}
    by_id = {part: attachable(there.get(part), key) for part, key in _KEYS.items()}
    lines: list[bytes] = []
    left = MOST_SPLIT
    for tweet in page["data"]:
        lines.append(orjson.dumps(_page_line(tweet, by_id, page.get("__twarc"))))
        left -= len(lines[-1])
        if left < 0:
            raise InvalidMessage(f"a page of more than {MOST_SPLIT:,} bytes, with the objects of each post beside it")
    return lines


def _page_line(tweet: Any, by_id: dict[str, dict[str, Any]], twarc: Any) -> dict[str, Any]:
    line: dict[str, Any] = {"data": tweet}
    try:
        line["includes"] = _includes_of(tweet, by_id)
    except MALFORMED:  # a broken reference: it is left out when the post is parsed
        line["includes"] = None
    if twarc:
        line["__twarc"] = twarc
    return line


def _includes_of(tweet: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns what a post refers to. A broken reference costs none of the others."""
    listed, geo = tweet.get("referenced_tweets"), tweet.get("geo")
    references = [id_of(r.get("id")) for r in listed if isinstance(r, dict)] if isinstance(listed, list) else ()
    tweets = [by_id["tweets"][i] for i in references if i in by_id["tweets"]]
    people = [tweet.get("author_id"), tweet.get("in_reply_to_user_id"), *(t.get("author_id") for t in tweets)]
    place = id_of(geo.get("place_id")) if isinstance(geo, dict) else None
    return {
        "users": [by_id["users"][i] for i in dict.fromkeys(map(id_of, people)) if i in by_id["users"]],
        "tweets": tweets,
        "places": [by_id["places"][place]] if place in by_id["places"] else [],
        **objects_attached_to([tweet, *tweets], by_id),
    }
