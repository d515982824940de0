"""`python -m bench.year`: the partitions of posts over a year with quiet months, debates and an election day.

It backs the rule for `buckets` (`conf/partitions.py`): how large partitions become, how many there are, and how evenly
they load the nodes, if a topic's `buckets` is set by the average day, the largest day, or as `ingest topics` advises.
Nothing is stored. Sizes are drawn: CRC-32 spreads ids as a fair die does, which `tests/bench/test_year.py` holds.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from conf import cli
from conf.partitions import ROWS_A_PARTITION, buckets_advised, buckets_for
from conf.terminal import out_console

Ints = NDArray[np.int64]
DAYS = 365
ELECTION = 330
"""The day of the vote, from 0."""
CAMPAIGN = 90
"""Days before it, in which posts become four times as many."""
WEEK = (1.0, 1.0, 0.98, 1.0, 1.04, 0.93, 1.07)
DEBATES, DEBATE = (241, 268, 289, 303), 4.0
"""The days of the debates, and the factor by which they have more posts."""
EVE, VOTE, AFTER = 3.0, 10.0, 5.0
"""The same for the day before the vote, its day, and the day after."""
PEAK = 3.0
"""The busiest hour of the largest day beside its average hour."""
ROW_BYTES = 550
"""Bytes of a row's values in captures of X: 430 to 720."""
COPIES = 3
SEED = 2016
Rule = Callable[[Sequence[int]], Sequence[int]]
"""Returns the buckets of each day from the posts of each day."""


def rhythm() -> NDArray[np.float64]:
    """Returns how many posts each day has beside the average day."""
    day = np.arange(DAYS)
    factor = np.array(WEEK)[day % 7] * 4.0 ** np.clip((day - ELECTION + CAMPAIGN) / CAMPAIGN, 0, 1)
    factor[day > ELECTION] /= 4.0
    factor[list(DEBATES)] *= DEBATE
    factor[ELECTION - 1 : ELECTION + 2] *= (EVE, VOTE, AFTER)
    even: NDArray[np.float64] = factor / factor.mean()
    return even


def by_average(posts: Sequence[int]) -> Sequence[int]:
    """The buckets that the average day needs, all year."""
    return [buckets_for(sum(posts) // len(posts))] * len(posts)


def by_largest(posts: Sequence[int]) -> Sequence[int]:
    """The buckets that the largest day needs, all year."""
    return [buckets_for(max(posts))] * len(posts)


def as_advised(posts: Sequence[int]) -> Sequence[int]:
    """The buckets that `ingest topics` advises each Monday by the week before; begins with what the first day needs.

    The eve of the vote, somebody sets what ten of the days before would need, as docs/operate.md says.
    """
    found, now = [], buckets_for(posts[0])
    for day in range(len(posts)):
        if day and day % 7 == 0:
            now = buckets_advised(max(posts[day - 7 : day]), now)
        if day == ELECTION - 1:
            now = max(now, buckets_for(10 * posts[day - 1]))
        found.append(now)
    return found


RULES: dict[str, Rule] = {
    "by the average day": by_average,
    "by the largest day": by_largest,
    "as `topics` advises each week": as_advised,
}


@dataclass(frozen=True)
class Year:
    """What a rule makes of a year: the rows of each partition, and of the largest day's partitions alone."""

    sizes: Ints
    largest: Ints
    buckets: Sequence[int]

    @property
    def over(self) -> int:
        """Partitions with more rows than they should have."""
        return int((self.sizes > ROWS_A_PARTITION).sum())


def posts_of(average: int, rng: np.random.Generator) -> list[int]:
    """Returns the posts of each day of a year with so many on average."""
    return [int(posts) for posts in rng.poisson(rhythm() * average)]


def simulate(posts: Sequence[int], rule: Rule, rng: np.random.Generator) -> Year:
    """Returns the partitions of a year's posts under a rule."""
    buckets = rule(posts)
    parts = [spread(day, number, rng) for day, number in zip(posts, buckets, strict=True)]
    return Year(np.concatenate(parts), parts[int(np.argmax(posts))], buckets)


def spread(posts: int, buckets: int, rng: np.random.Generator) -> Ints:
    """Returns the rows of each of a day's partitions."""
    return rng.multinomial(posts, [1 / buckets] * buckets)


def busiest_node(sizes: Ints, nodes: int, rng: np.random.Generator, rounds: int = 200) -> float:
    """Returns the load of the busiest node beside a fair share while one day is written: the median of many placings.

    Each partition goes to COPIES different nodes, drawn evenly.
    """
    loads = []
    for _ in range(rounds):
        load = np.zeros(nodes)
        for size in sizes:
            load[rng.permutation(nodes)[:COPIES]] += size
        loads.append(load.max() * nodes / load.sum())
    return float(np.median(loads))


app = cli.application("Partition sizes over a year of posting. Nothing is stored.")


@app.command()
def main(
    averages: Annotated[list[int] | None, typer.Argument(help="Posts a day, on average over the year.")] = None,
    nodes: Annotated[int, typer.Option(help="Nodes of the ring.", min=COPIES)] = 6,
) -> None:
    """Print a table: each rule for `buckets` at each number of posts a day."""
    table = Table("posts a day", "buckets", box=None, header_style="bold")
    for name in (
        "buckets, least–most",
        "partitions",
        "rows: median",
        "99 %",
        "largest",
        "MB",
        "over",
        "rows/s",
        "node",
    ):
        table.add_column(name, justify="right")
    for average in averages or (50_000, 1_000_000, 10_000_000, 100_000_000):
        rng = np.random.default_rng(SEED)
        posts = posts_of(average, rng)
        for name, rule in RULES.items():
            table.add_row(f"{average:,}", name, *_cells(posts, simulate(posts, rule, rng), nodes, rng))
    console = out_console()
    console.print(table)
    console.print(
        f"over: partitions with more than {ROWS_A_PARTITION:,} rows. rows/s: into one partition in the busiest hour of "
        f"the largest day ({max(posts_of(1_000_000, np.random.default_rng(SEED))) / 1e6:.1f} times the average). node: "
        f"the busiest of {nodes} nodes beside a fair share on that day.",
        soft_wrap=True,
    )


def _cells(posts: Sequence[int], year: Year, nodes: int, rng: np.random.Generator) -> list[str]:
    median, most = (int(np.percentile(year.sizes, part)) for part in (50, 99))
    largest = int(year.sizes.max())
    second = PEAK * float(year.largest.max()) / 86_400
    few = year.largest[:256]  # more partitions change nothing
    return [
        f"{min(year.buckets):,}–{max(year.buckets):,}",
        *(f"{number:,}" for number in (year.sizes.size, median, most, largest)),
        f"{largest * ROW_BYTES / 1e6:,.0f}",
        f"{year.over:,}",
        f"{second:,.1f}",
        f"{busiest_node(few, nodes, rng):.2f} x",
    ]


if __name__ == "__main__":
    sys.exit(cli.run(app, "python -m bench.year"))
