"""Rows 1 to 5, 7 and 8: this commit beside the earlier one and beside DuckDB, over the same posts."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median

from bench.jobs.same import check_figures, check_same
from bench.jobs.sides import Side, Sides
from bench.jobs.stored import Interval, campaign, month, month_lines, posts_within
from bench.jobs.submits import Measured, Turns, by_duckdb, by_turns, one_after_the_other, submitted
from bench.jobs.table import Compared, Target, by_ratio
from bench.lab import Lab, Plan
from bench.month import MONTH
from conf.errors import PulsoError
from corpus import CAMPAIGN

HOUR = (datetime(2016, 4, 20, 1, tzinfo=UTC), datetime(2016, 4, 20, 2, tzinfo=UTC))
"""9 to 10 in the morning in Manila on a usual day: an hour with about as many posts as the mean hour of the month."""
DAY = (datetime(2016, 4, 19, 16, tzinfo=UTC), datetime(2016, 4, 20, 16, tzinfo=UTC))
"""The day in Manila that holds HOUR."""
IN_TURN = (
    *("author_activity", "candidate_poll", "hashtag_trends", "candidate_hashtags"),
    *("cascades", "network_graph", "poll_backtest"),
)
"""All jobs, in the order in which the earlier commit runs them."""
BEFORE, NOW, DUCKDB = "the commit before", "this commit", "DuckDB"
POLL, GRAPH, DAILY = "candidate_poll", "network_graph", "daily"


def poll_of_an_hour(sides: Sides, plan: Plan) -> list[Compared]:
    """Row 1."""
    what = f"`{POLL}`, one hour of a month of {plan.month_posts:,} posts"
    return [_job(sides, 1, POLL, HOUR, what, 0.40, lambda side: month(side, plan.month_posts))]


def poll_of_the_campaign(sides: Sides, plan: Plan) -> list[Compared]:
    """Row 2."""
    what = f"`{POLL}`, 90 days"
    return [_job(sides, 2, POLL, CAMPAIGN, what, 0.45, lambda side: campaign(side, plan.campaign_posts))]


def graph_of_an_hour(sides: Sides, plan: Plan) -> list[Compared]:
    """Row 7."""
    what = f"`{GRAPH}`, one hour of a month of {plan.month_posts:,} posts"
    return [_job(sides, 7, GRAPH, HOUR, what, 0.40, lambda side: month(side, plan.month_posts))]


def poll_of_the_month(sides: Sides, plan: Plan) -> list[Compared]:
    """Rows 3, 4 and 8, as far as the plan asks for them."""
    own, posts, wanted = month(sides.now, plan.month_posts), plan.month_posts, plan.rows
    runs: dict[str, Callable[[], Measured]] = {NOW: lambda: submitted(own, POLL, MONTH)}
    if 3 in wanted:
        earlier = month(sides.before, posts)
        runs = {BEFORE: lambda: submitted(earlier, POLL, MONTH), **runs}
    if 4 in wanted:
        lines, out = month_lines(own, posts), own.work / "duckdb.parquet"
        runs[DUCKDB] = lambda: by_duckdb(own, lines, out, MONTH)
    turns = by_turns(own, f"rows {_listed(wanted & {3, 4, 8})}", runs)
    _check_posts(turns, posts)
    rows, ours, what = list[Compared](), turns[NOW], f"`{POLL}`, a month"
    if 3 in wanted:
        check_same(earlier, own, POLL)
        rows.append(Compared(3, what, posts, ours, turns.load, turns[BEFORE], by_ratio(ours, turns[BEFORE], 0.40)))
    if 4 in wanted:
        check_figures(own, out)
        beside = turns[DUCKDB]
        rows.append(Compared(4, f"{what}, beside DuckDB", posts, ours, turns.load, beside, by_ratio(ours, beside, 4)))
    if 8 in wanted:
        share = Target(100 * _share_of_checks(ours), 10, "{:.1f} %")
        rows.append(Compared(8, "checks, part of the job's time", posts, ours, turns.load, (), share))
    return rows


def all_jobs_of_a_day(sides: Sides, plan: Plan) -> list[Compared]:
    """Row 5: the same jobs on both sides; those that the commit before lacks are left out."""
    before, now = (month(side, plan.month_posts) for side in (sides.before, sides.now))
    runs = {
        BEFORE: lambda: one_after_the_other(submitted(before, job, DAY) for job in IN_TURN),
        NOW: lambda: submitted(now, DAILY, DAY, "--jobs", ",".join(IN_TURN)),
    }
    turns = by_turns(now, "row 5", runs)
    posts = posts_within(now, DAY)
    _check_told(turns, posts)
    check_same(before, now, *IN_TURN)
    what = f"{len(IN_TURN)} jobs over one day: `{DAILY}` beside as many submits"
    return [Compared(5, what, posts, turns[NOW], turns.load, turns[BEFORE], by_ratio(turns[NOW], turns[BEFORE], 0.22))]


def check_posts(runs: Sequence[Measured], posts: int) -> None:
    """Raises PulsoError unless each job of each run read exactly this number of posts."""
    for run in runs:
        if run.posts and run.posts != {posts}:
            raise PulsoError(
                f"a run read {' and '.join(map('{:,}'.format, run.posts))} posts, and {posts:,} are stored"
            )


def _job(
    sides: Sides, number: int, job: str, interval: Interval, what: str, most: float, store: Callable[[Side], Lab]
) -> Compared:
    """Measures a job on both sides, and checks that both read all posts of the interval and publish the same."""
    before, now = store(sides.before), store(sides.now)
    runs = {BEFORE: lambda: submitted(before, job, interval), NOW: lambda: submitted(now, job, interval)}
    posts = posts_within(now, interval)
    turns = by_turns(now, f"row {number}", runs)
    _check_posts(turns, posts)
    check_same(before, now, job)
    ours, beside = turns[NOW], turns[BEFORE]
    return Compared(number, what, posts, ours, turns.load, beside, by_ratio(ours, beside, most))


def _check_posts(turns: Turns, posts: int) -> None:
    for runs in turns.runs.values():
        check_posts(runs, posts)


def _check_told(turns: Turns, posts: int) -> None:
    """Raises PulsoError unless every run has a line of each job, with the same number of posts on both sides.

    Some jobs read more than the window, so only the poll's number must be `posts`.
    """
    found = {
        frozenset((job, told.posts) for job, told in run.told.items()) for runs in turns.runs.values() for run in runs
    }
    if len(found) != 1:
        raise PulsoError(f"the two commits told of different posts: {' and '.join(str(sorted(one)) for one in found)}")
    told = dict(found.pop())
    if told.keys() != set(IN_TURN) or told[POLL] != posts:
        raise PulsoError(f"not every job read the {posts:,} posts of the day: {told}")


def _share_of_checks(runs: Sequence[Measured]) -> float:
    return median(told.checks / told.seconds for run in runs for told in run.told.values())


def _listed(numbers: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
