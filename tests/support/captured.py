"""The real captures that have posts, and their posts as the parsers read them."""

import contextlib

from ingest.formats import Unit, parse, split
from ingest.formats.post import InvalidMessage, Post

CAPTURES = (
    *("bluesky/golden_v1.jsonl", "x_v11/10-sample.jsonl", "x_v11/100-sample.jsonl", "x_v2/brexit.jsonl"),
    *("x_v2/edited.jsonl", "x_v2/geo_tweets.jsonl", "x_v2/mentions_tweet.jsonl", "x_v2/noflat.jsonl"),
    *("x_v2/streaming_output.jsonl", "x_v2/streaming_output_with_error.jsonl", "x_v2/withheld.jsonl"),
)


def parsed(lines: list[bytes]) -> list[Post]:
    """Returns the posts of a capture, the last version of each; deletions and other messages are left out."""
    found: dict[str, Post] = {}
    for unit in (unit for line in lines for unit in split(line)):
        with contextlib.suppress(InvalidMessage):
            if isinstance(unit, Unit):
                post = parse(unit.format, unit.payload)
                found[post.post_id] = post
    return list(found.values())
