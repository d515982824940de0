"""Ingest: posts per second from replay to stored and acked, against the classic design of one RQ job per post."""

from dataclasses import dataclass, field
from statistics import median

from bench import classic, pulso
from bench.jobs.sides import checked_out, commit_of
from bench.lab import Lab
from bench.pulso import MOST_QUEUED, Pass
from bench.results import Row, Section, over, verdict, with_spread

TITLE = "from replay to stored and acked, against one RQ job per post"
TARGET = 50.0
FORK, FORK_ONLY, SIMPLE = "fork", "fork, nothing stored", "simple"
CLASSIC = {
    FORK: "RQ `Worker` (its default, one fork per job), cqlengine `Model.create`",
    FORK_ONLY: "the same, but jobs only parse and store nothing",
    SIMPLE: "RQ `SimpleWorker` (no fork), cqlengine `Model.create`",
}
BEFORE = ""
"""The earlier commit that stands beside this code if none is named: none."""
KEYSPACE_BEFORE = f"{pulso.KEYSPACE}_before"
TARGET_BEFORE = 0.9
WARM_UP = 5
"""Before timing, 1 / WARM_UP of the corpus goes through the pipeline."""


@dataclass
class Rounds:
    """The figures, one per round; `others` has them by the names of CLASSIC.

    `start` is the interpreter's start in seconds, `queued` the posts queued at once. `before` are the passes of the
    earlier commit, if one stands beside this code.
    """

    start: float
    queued: int
    whole: list[Pass] = field(default_factory=list)
    before: list[Pass] = field(default_factory=list)
    published: list[float] = field(default_factory=list)
    drained: list[float] = field(default_factory=list)
    others: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CLASSIC})

    @property
    def seconds(self) -> list[float]:
        """Pulso's wall-clock seconds per round."""
        return [one.seconds for one in self.whole]

    def cpu(self, name: str) -> float:
        """Returns a process's CPU seconds while the whole corpus goes through, the median of the rounds."""
        return median(one.cpu[name] for one in self.whole)


def benchmark(lab: Lab) -> Section:
    """Runs both designs in turn, once per round; and the code of an earlier commit, if one is named."""
    own, before = lab.in_keyspace(pulso.KEYSPACE), _before(lab)
    lab.show("ingest: warming up")
    pulso.whole(own, max(lab.plan.posts // WARM_UP, 1))
    if before:
        pulso.whole(before, max(lab.plan.posts // WARM_UP, 1))
    classic.stored_pass(lab, "simple")
    rounds = Rounds(median(pulso.start(own) for _ in range(3)), min(lab.plan.posts, MOST_QUEUED))
    for number in range(1, lab.plan.rounds + 1):
        where = f"ingest, round {number} of {lab.plan.rounds}"
        _one_round(lab, own, rounds, where)
        sides = [(own, rounds.whole), *([(before, rounds.before)] if before else [])]
        for side, passes in sides[:: 1 if number % 2 else -1]:
            lab.show(f"{where}: Pulso{' before' if side is before else ''}")
            passes.append(pulso.whole(side, lab.plan.posts))
    rows = _rows(lab, rounds)
    found = median(next(row for row in rows if row.ratios).ratios)
    told = [verdict("for Pulso over RQ's default worker:", found, TARGET)]
    if before:
        told.append(verdict("for Pulso over Pulso before:", median(rows[-1].ratios), TARGET_BEFORE))
        now, then = ([sum(one.cpu.values()) for one in side] for side in (rounds.whole, rounds.before))
        told.append(f"CPU of Pulso before over that of Pulso, all processes: {with_spread(over(then, now), '.2f')}.")
    return Section(TITLE, rows, [*told, *_text(lab, rounds)])


def _one_round(lab: Lab, own: Lab, rounds: Rounds, where: str) -> None:
    """Runs Pulso's parts, and the classic design."""
    lab.show(f"{where}: Pulso in parts")
    rounds.published.append(pulso.publish(own, rounds.queued).seconds - rounds.start)
    rounds.drained.append(pulso.drain(own, rounds.queued).seconds - rounds.start)
    rounds.others[FORK].append(classic.stored_pass(lab, "fork"))
    rounds.others[FORK_ONLY].append(classic.parsed_pass(lab, "fork"))
    rounds.others[SIMPLE].append(classic.stored_pass(lab, "simple"))


def _before(lab: Lab) -> Lab | None:
    """Returns a lab whose commands run the code of the earlier commit; None if none is named."""
    if not lab.plan.before:
        return None
    commit = commit_of(lab.plan.before)
    return lab.in_keyspace(KEYSPACE_BEFORE).at(checked_out(commit, lab.work / f"at-{commit}"))


def _rows(lab: Lab, rounds: Rounds) -> list[Row]:
    posts, sample = lab.plan.posts, lab.plan.sample
    rates = [posts / seconds for seconds in rounds.seconds]
    before = [one.seconds for one in rounds.before]
    of_before = f"Pulso before ({commit_of(lab.plan.before)[:7]}), by turns with it" if before else ""
    return [
        Row("Pulso, from the start of `replay --wait` to its end", posts, rounds.seconds),
        Row("the same, without the interpreter's start", posts, [seconds - rounds.start for seconds in rounds.seconds]),
        Row("`replay` alone, no worker running, without the start", rounds.queued, rounds.published),
        Row("`work --drain` alone, all posts queued before, without the start", rounds.queued, rounds.drained),
        *[
            Row(what, sample, rounds.others[name], over(rates, [sample / seconds for seconds in rounds.others[name]]))
            for name, what in CLASSIC.items()
        ],
        *([Row(of_before, posts, before, over(before, rounds.seconds))] if before else []),
    ]


def _text(lab: Lab, rounds: Rounds) -> list[str]:
    names = sorted(rounds.whole[0].cpu, key=rounds.cpu, reverse=True)
    shares = ", ".join(f"{name} {rounds.cpu(name) / lab.plan.posts * 1e6:,.0f}" for name in names)
    cores = sum(rounds.cpu(name) for name in names) / median(rounds.seconds)
    return [
        "ratio: Pulso's posts/s by wall clock over the row's posts/s, in the same round.",
        f"Pulso's CPU time per post, in µs: {shares}; together {cores:.1f} cores are busy.",
        f"The interpreter takes {rounds.start:.1f} s to start and import. Pulso's wall clock includes this; RQ's does"
        " not, since its enqueuing process runs already.",
        "Both designs store the same columns under the same two indexes, each in a keyspace that is empty at the start."
        " After each pass the stored ids are checked: they are exactly those of the corpus.",
        f"The classic design gets the corpus's first {lab.plan.sample:,} posts; a small table is to its advantage. Each"
        " fork connects to Cassandra anew, since a connection does not survive a fork. The row that stores nothing"
        " shows how fast it would be if connecting and storing took no time.",
    ]
