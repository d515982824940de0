"""Generates a made-up election corpus as X v2 filtered-stream lines; the same seed makes the same bytes.

The corpus is used instead of a real capture, since real captures must not be shared. The activity of accounts
(authors.py) and the growth of cascades (cascades.py) follow published figures, which are named in these modules; the
times of posts (clock.py) are our own approximation. No account, handle or text is a real person's, except the
candidates' names and handles, which come from the topic file.

First the plan is drawn by chance, in columns (plan.py: times, authors, subjects, cascades). Then the lines are written
in order (lines.py: texts, entities, users).
"""

from collections.abc import Iterator

import numpy as np

from conf.errors import WrongUse
from conf.topic import Topic
from corpus.clock import CAMPAIGN, WORKERS
from corpus.lines import Writer
from corpus.meant import meant
from corpus.plan import plan_of
from corpus.planted import Truth

__all__ = ["CAMPAIGN", "WORKERS", "generate", "meant", "planted_cells"]

LINES_A_CHUNK = 1000


def generate(
    topic: Topic,
    posts: int = 170_000,
    seed: int = 2016,
    workers: tuple[int, int] = WORKERS,
    lookalikes: float = 0.0,
    cells: int = 0,
) -> Iterator[bytes]:
    """Returns the corpus in chunks of some 1,000 NDJSON lines, sorted by `created_at`.

    Every line ends with a line feed. The same topic, `posts` and `seed` make the same bytes. A shorter corpus is not
    the first part of a longer corpus with the same seed. Two corpora have no post id in common if their `workers`,
    half-open ranges within WORKERS, do not overlap. `lookalikes` is the share, 0..1, of people's posts that have a
    candidate's name, but mean somebody or something else; `meant` tells which. With `cells`, the posts of so many
    planted cells stand among the others; `planted_cells` tells who is in them. Raises WrongUse where a number is
    negative.
    """
    if posts < 0 or seed < 0 or cells < 0:
        raise WrongUse("posts, seed and cells can't be negative", "Give 0 or more")
    return _chunks(topic, posts, seed, workers, lookalikes, cells)


def planted_cells(topic: Topic, posts: int, seed: int, cells: int) -> list[Truth]:
    """Returns what is true of the cells of the corpus that `generate` makes of the same arguments."""
    return Writer(topic, plan_of(topic, posts, seed), seed).planted(cells, seed).truth


def _chunks(
    topic: Topic, posts: int, seed: int, workers: tuple[int, int], lookalikes: float, cells: int
) -> Iterator[bytes]:
    plan = plan_of(topic, posts, seed, workers, lookalikes)
    writer = Writer(topic, plan, seed)
    planted = writer.planted(cells, seed)
    places = np.searchsorted(plan.ms, planted.ms, side="right")
    done = 0
    for start in range(0, posts, LINES_A_CHUNK):
        stop = min(start + LINES_A_CHUNK, posts)
        lines = list(writer.lines(start, stop))
        upto = int(np.searchsorted(places, stop, side="left")) if stop < posts else len(places)
        among = places[done:upto].tolist()
        for place, line in zip(reversed(among), reversed(planted.lines(done, upto)), strict=True):
            lines.insert(place - start, line)
        done = upto
        yield b"".join(lines)
