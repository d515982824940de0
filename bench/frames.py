"""Frames: a month of posts as a DataFrame, by the driver's named tuples, and by `posts`, also from the mirror."""

import shutil
from collections import defaultdict
from itertools import chain

import msgspec

from bench.commands import python, run
from bench.frame_side import SIDES, Took
from bench.lab import Lab
from bench.month import TOPIC
from bench.results import Row, Section, over
from bench.stored_month import stored_month
from conf.errors import PulsoError
from readers.whole_days.stored_posts import USUAL

TITLE = "a month of posts as a DataFrame"
AT_MOST, MIRROR_TIMES = 0.5, 10.0
WHAT = {
    "tuples": "the driver's named tuples into a DataFrame",
    "cassandra": "`readers.posts` from Cassandra",
    "mirror": "`readers.posts` from the mirror",
}


def benchmark(lab: Lab) -> Section:
    """Stores the month, mirrors it, and reads it by turns. Raises PulsoError if a side has other posts."""
    own, _ = stored_month(lab)
    posts = lab.plan.month_posts
    lab.show("frames: mirroring the month")
    mirrored = run(own, python("readers", "mirror", "--topic", TOPIC))
    took: dict[str, list[Took]] = defaultdict(list)
    for number in range(1, lab.plan.rounds + 1):
        for side in SIDES if number % 2 else reversed(SIDES):
            lab.show(f"frames: round {number} of {lab.plan.rounds}, {side}")
            took[side].append(msgspec.json.decode(run(own, python("bench.frame_side", side)).output, type=Took))
    _check_same(took, posts)
    shutil.rmtree(own.settings.home / "mirror" / own.settings.keyspace)
    walls = {side: [each.seconds for each in of] for side, of in took.items()}
    cpus = {side: [each.cpu for each in of] for side, of in took.items()}
    rows = [
        row
        for side, what in WHAT.items()
        for row in (
            Row(f"{what}: wall", posts, walls[side], over(walls["tuples"], walls[side])),
            Row(f"{what}: the client's CPU", posts, cpus[side], over(cpus["tuples"], cpus[side])),
        )
    ]
    return Section(
        TITLE,
        [*rows, Row("`readers mirror` of the month, the whole command", posts, [mirrored.seconds])],
        [
            _held("client CPU of `posts` from Cassandra", over(cpus["cassandra"], cpus["tuples"]), AT_MOST),
            _held("wall time of `posts` from Cassandra", over(walls["cassandra"], walls["tuples"]), AT_MOST),
            _held("wall time of `posts` from the mirror", over(walls["mirror"], walls["tuples"]), 1 / MIRROR_TIMES),
            f"{len(USUAL)} columns, texts and lists among them. Ratios are to named tuples, which are read as many"
            " partitions at once; each side is a process of its own, its imports not counted. All sides have the same"
            " posts: sums over times, texts, hashtags and followers are equal.",
        ],
    )


def _check_same(took: dict[str, list[Took]], posts: int) -> None:
    digests = {tuple(each.digest) for each in chain(*took.values())}
    if len(digests) != 1 or {digest[0] for digest in digests} != {posts}:
        raise PulsoError(f"the sides do not hold the same {posts:,} posts: {sorted(digests)}")
    for side in ("cassandra", "mirror"):
        if {tuple(each.read_from) for each in took[side]} != {(side,)}:
            raise PulsoError(f"the posts of {side} came from {took[side][0].read_from}")


def _held(what: str, ratios: list[float], most: float) -> str:
    middle = sorted(ratios)[len(ratios) // 2]
    return f"Target {what}: at most {most:g} of named tuples: {'met' if middle <= most else 'MISSED'}, {middle:.2f}."
