"""Writes what was planted in the generated corpus, beside the corpus: one JSON object a line."""

from pathlib import Path
from typing import Any

import orjson

from conf.errors import PulsoError
from conf.topic import Topic
from corpus import planted_cells
from corpus.meant import piled_on


def write_truth(file: Path, topic: Topic, posts: int, seed: int, pile_ons: int, cells: int = 0) -> None:
    """Writes a line for each pile-on: `pile_on`, the id of its first post, and `replies`, the ids of planted replies.

    Then a line for each cell: `cell`, its number, how it was drawn, and its accounts and links.

    Raises PulsoError if the file can't be written.
    """
    piled = piled_on(topic, posts, seed, pile_ons)
    told: list[dict[str, Any]] = [{"pile_on": root, "replies": replies} for root, replies in piled.items()]
    told += [{"cell": n, **one.as_dict()} for n, one in enumerate(planted_cells(topic, posts, seed, cells), 1)]
    try:
        file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in told))
    except OSError as error:
        raise PulsoError(f"{file} can't be written: {error.strerror}", "Give another file with --truth") from None
