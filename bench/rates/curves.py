"""How the rate changes: with the rows already stored, with the bytes of a row, and with the number of workers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import replace

from bench import pulso
from bench.jobs.figures import exponent
from bench.lab import Lab
from bench.rates import parts
from ingest.formats import Unit, parse
from ingest.formats.post import Post
from ingest.write.rows import Write

STEPS = (0.02, 0.06, 0.2, 0.5, 1.0)
"""The parts of the most rows after which the rate is taken."""
TIMES = (1, 2, 4, 8)
"""How many posts' texts a wide post has."""
WORKERS = (1, 2, 4)
SLOWER = 1.2


@dataclass(frozen=True)
class Curve:
    """Posts a second by what is varied, such as rows stored."""

    over: str
    rates: dict[int, float]
    most_slower: float | None = None
    """How much slower the last may be than the first, where there is a target."""

    def told(self) -> str:
        """Returns one sentence for the report."""
        points = ", ".join(f"{each:,}: {rate:,.0f}" for each, rate in self.rates.items())
        power = exponent({each: 1 / rate for each, rate in self.rates.items()})
        first, *_, last = self.rates.values()
        target = ""
        if self.most_slower:
            is_met = first <= self.most_slower * last
            target = f" The last is {first / last:.2f} x slower; at most {self.most_slower:g} x: "
            target += "met." if is_met else "MISSED."
        return f"Posts/s over {self.over}: {points}. Time a post grows as that to the power {power:.2f}.{target}"


def over_stored(lab: Lab, units: Sequence[Unit], most: int) -> Curve:
    """Writes posts until so many are stored; takes the rate of the last ones before each of the STEPS."""
    pulso.empty(lab)
    rates, stored = dict[int, float](), 0
    at = [max(int(most * step), len(units)) for step in STEPS]
    for writes in _renewed(lab, units):
        one = parts.write(lab, writes)
        stored += len(writes)
        if stored >= at[len(rates)]:
            rates[stored] = len(writes) / one.seconds
        if stored >= most or len(rates) == len(at):
            return Curve("rows already stored", rates, SLOWER)
    raise AssertionError("it goes on for ever")


def over_bytes(lab: Lab, units: Sequence[Unit]) -> Curve:
    """Writes posts with the text of one post, and of several."""
    posts, rates = _posts(units), dict[int, float]()
    for times in TIMES:
        pulso.empty(lab)
        writes = parts.writes_of(lab, list(_wide(posts, times)))
        size = sum(write.row.size for write in writes) // len(writes)
        rates[size] = len(writes) / parts.write(lab, writes).seconds
    return Curve("bytes a row", rates)


def over_workers(lab: Lab, posts: int) -> Curve:
    """Replays posts beside one worker, and beside several."""
    return Curve("workers", {each: posts / pulso.whole(lab, posts, each).seconds for each in WORKERS})


def _posts(units: Sequence[Unit]) -> list[Post]:
    return [parse(unit.format, unit.payload) for unit in units]


def _renewed(lab: Lab, units: Sequence[Unit]) -> Iterator[list[Write]]:
    """Yields the writes of the posts again and again, each time with other ids that say nearly the same time."""
    posts, turn = _posts(units), 0
    while True:
        yield parts.writes_of(lab, [replace(post, post_id=str(int(post.post_id) + turn)) for post in posts])
        turn += 1


def _wide(posts: Sequence[Post], times: int) -> Iterator[Post]:
    for number, post in enumerate(posts):
        some = [posts[(number + other) % len(posts)] for other in range(times)]
        text, folded = " ".join(one.text for one in some), " ".join(one.folded for one in some)
        tags = list(dict.fromkeys(chain.from_iterable(one.hashtags for one in some)))
        yield replace(post, text=text, folded=folded, hashtags=tags)
