"""How long a job takes beside `candidate_poll`, and how much longer if very many accounts share one thing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from bench.commands import python, run
from bench.lab import Lab
from bench.results import Row, Section, over

SHARE = 5
"""The one thing is in one post of so many."""


@dataclass(frozen=True)
class Beside:
    """A job, the module that times it, and what is said.

    `flood` names what very many share, by the number of these posts; `added` is how many posts they are more. The job
    may take `largest` times as long as the poll, and with the flood `growth` times as long as without.
    """

    title: str
    job: str
    module: str
    flood: str
    largest: float
    growth: float
    note: str
    added: Callable[[int], int] = lambda _: 0
    more: Callable[[dict[str, Any]], str] = lambda _: ""

    def benchmark(self, lab: Lab) -> Section:
        """Times both transforms over posts that Spark has in memory, in a session without Cassandra."""
        rows, text = list[Row](), list[str]()
        for posts in sorted({lab.plan.posts, lab.plan.month_posts}):
            lab.show(f"{self.job}, {posts:,} posts")
            many = posts // SHARE
            output = run(lab, python(self.module, str(posts), str(many), str(lab.plan.rounds))).output
            told = orjson.loads(output[output.index("{") :])
            seconds = told["seconds"]
            poll, plain, flooded = (
                seconds[name] for name in ("candidate_poll, without", f"{self.job}, without", f"{self.job}, with")
            )
            beside, growth = over(plain, poll), over(flooded, plain)
            rows += [
                Row("`candidate_poll`", posts, poll),
                Row(f"`{self.job}`", posts, plain, beside),
                Row(f"the same, and {self.flood.format(many)}", posts + self.added(many), flooded, growth),
            ]
            met = f"{verdict(beside, self.largest)} beside the poll, {verdict(growth, self.growth)} grown"
            text.append(f"{posts:,} posts: {met}{self.more(told)}.")
        return Section(self.title, rows, [self.note, *text])


def verdict(ratios: list[float], most: float) -> str:
    """Returns the highest of some ratios, and whether it is at most the target."""
    found = max(ratios)
    return f"{found:.2f} x (target at most {most:g}: {'met' if found <= most else 'MISSED'})"
