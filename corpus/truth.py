"""Writes what was planted in the generated corpus, beside the corpus: one JSON object a line."""

from pathlib import Path

import orjson

from conf.errors import PulsoError
from conf.topic import Topic
from corpus.meant import piled_on


def write_truth(file: Path, topic: Topic, posts: int, seed: int, pile_ons: int) -> None:
    """Writes a line for each pile-on: `pile_on`, the id of its first post, and `replies`, the ids of planted replies.

    Raises PulsoError if the file can't be written.
    """
    planted = piled_on(topic, posts, seed, pile_ons)
    lines = [orjson.dumps({"pile_on": root, "replies": replies}) + b"\n" for root, replies in planted.items()]
    try:
        file.write_bytes(b"".join(lines))
    except OSError as error:
        raise PulsoError(f"{file} can't be written: {error.strerror}", "Give another file with --truth") from None
