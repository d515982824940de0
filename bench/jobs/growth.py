"""Rows 6, 9 and 10: how time and memory of `candidate_poll` grow with the number of posts, at this commit."""

from collections.abc import Callable, Mapping
from statistics import median

from bench.jobs.compared import HOUR, POLL, check_posts
from bench.jobs.figures import exponent, net_of
from bench.jobs.sides import Sides
from bench.jobs.stored import month, month_without_words, posts_within
from bench.jobs.submits import Measured, Turns, by_turns, median_of, seconds_of, started, submitted
from bench.jobs.table import Compared, Target
from bench.lab import Lab, Plan
from bench.month import MONTH

HOURLY_SHARE = 0.05
MOST_EXPONENT = 1.05
FLAT = 1.1
"""Memory is flat if it is at most this many times that of the smaller size."""
START, ONE_HOUR = "start", "one hour"
MEGABYTE = 1e6


def growth(sides: Sides, plan: Plan) -> tuple[list[Compared], list[str]]:
    """Rows 6, 9 and 10, as far as the plan asks for them, and sentences about them."""
    sizes = [plan.large_posts]
    if plan.rows & {9, 10}:
        sizes = sorted({plan.posts, plan.month_posts, plan.large_posts})
    labs = {posts: (month_without_words if posts == sizes[-1] else month)(sides.now, posts) for posts in sizes}
    large, hourly = labs[plan.large_posts], 6 in plan.rows
    turns = by_turns(large, "rows 6, 9, 10", _runs(labs, large, hourly=hourly))
    for posts in sizes:
        check_posts(turns[_all_of(posts)], posts)
    rows, text = list[Compared](), list[str]()
    if hourly:
        rows.append(_hourly(turns, plan.large_posts, posts_within(large, HOUR)))
    if 9 in plan.rows:
        rows += _grown(turns, sizes)
    if 10 in plan.rows:
        rows += _memory(turns, plan.month_posts, plan.large_posts)
        text.append(f"10: peak memory (RSS) of the driver's JVM and of the Python workers: {_told(turns, sizes)}.")
    return rows, text


def _runs(labs: Mapping[int, Lab], large: Lab, *, hourly: bool) -> dict[str, Callable[[], Measured]]:
    def whole(lab: Lab) -> Callable[[], Measured]:
        return lambda: submitted(lab, POLL, MONTH)

    runs: dict[str, Callable[[], Measured]] = {START: lambda: started(large, HOUR)}
    if hourly:
        runs[ONE_HOUR] = lambda: submitted(large, POLL, HOUR)
    return runs | {_all_of(posts): whole(lab) for posts, lab in labs.items()}


def _all_of(posts: int) -> str:
    return f"all of {posts:,} posts"


def _hourly(turns: Turns, stored: int, posts: int) -> Compared:
    """Returns row 6; raises PulsoError unless its runs read all posts of the hour."""
    check_posts(turns[ONE_HOUR], posts)
    ours, beside = turns[ONE_HOUR], turns[_all_of(stored)]
    most = HOURLY_SHARE * median(seconds_of(beside)) + median(seconds_of(turns[START]))
    target = Target(median(seconds_of(ours)), most, "{:.1f} s")
    what = f"`{POLL}`, one hour, beside the poll over all {stored:,} posts"
    return Compared(6, what, posts, ours, turns.load, beside, target)


def _grown(turns: Turns, sizes: list[int]) -> list[Compared]:
    """Returns a row for the start, one for each size, and last row 9 itself."""
    start = seconds_of(turns[START])
    net = {posts: net_of(seconds_of(turns[_all_of(posts)]), start) for posts in sizes}
    target = Target(exponent(net), MOST_EXPONENT)
    rows = [Compared(9, "start: a session that counts one row", None, turns[START], turns.load)]
    for posts in sizes:
        what = f"`{POLL}`, a month; {net[posts]:.1f} s net of start"
        rows.append(Compared(9, what, posts, turns[_all_of(posts)], turns.load))
    what = f"growth from {sizes[0]:,} to {sizes[-1]:,} posts, exponent of the time net of start"
    return [*rows, Compared(9, what, None, (), turns.load, (), target)]


def _memory(turns: Turns, smaller: int, larger: int) -> list[Compared]:
    """Returns a row for the memory of the driver and one for that of the workers."""
    rows = []
    for name, whose in (("driver", "the driver's JVM"), ("workers", "the Python workers")):
        grown, before = (median_of(turns[_all_of(posts)], name) for posts in (larger, smaller))
        target = Target(grown / before if before else 1.0, FLAT, "{:.2f} x")
        what = f"memory of {whose}, {larger:,} posts beside {smaller:,}"
        rows.append(Compared(10, what, None, (), turns.load, (), target))
    return rows


def _told(turns: Turns, sizes: list[int]) -> str:
    def of(posts: int) -> str:
        driver, workers = (median_of(turns[_all_of(posts)], name) / MEGABYTE for name in ("driver", "workers"))
        return f"{posts:,} posts {driver:,.0f} and {workers:,.0f} MB"

    return ", ".join(map(of, sizes))
