"""Poll backtest: how far the shares of conversation before a vote were from its official outcome.

The job's window must end where the vote starts: posts at or after `--to` must not influence the shares. So bots and
groups are those of runs whose window ends there, too; without such a run, there is no share without them.

The shares are those of candidate_poll over the last 1, 7 and 30 days (of the topic's time zone) before the end. A span
that starts before the job's window is left out, not shortened. A span in which nobody mentions anyone in the race is
left out, too.

`mae` is the mean absolute error over the candidates who have an outcome. `mae_uniform` is the error of a simple guess:
equal shares for all candidates of the race. A measure with no smaller error is useless. The error of opinion polls from
the topic file is computed in the same way, after their shares are divided by their sum. So the undecided are split in
proportion, and all kinds of shares sum to 1. In the row of a poll, `window_start` and `window_end` are its last day of
interviews. Polls that end after the job's window are left out.

A small error on one past vote does not make the next one predictable (Gayo-Avello 2013).
"""

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from statistics import fmean

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.errors import WrongUse
from conf.race import Poll, Race
from conf.tables import POLL_BACKTEST, POSTS
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.job import Frames, Inputs, Job, Output
from jobs.framework.window import Window
from jobs.measures.periods import spans_between
from jobs.measures.votes import flagged_authors, grouped_authors, inputs_of_votes, methods, parts_of, race_shares

SPANS = {"last_day": 1, "last_week": 7, "last_month": 30}
"""The length of each span before the vote, in days."""
MEASURES = ("share_authors", "share_posts", "share_authors_no_bots", "share_authors_no_groups")
"""The shares whose errors are measured."""
POLL_SCHEMA = "race string, measure string, mae double, window_start timestamp, window_end timestamp"


def poll_backtest(
    posts: DataFrame,
    topic: Topic,
    window: Window,
    flagged: DataFrame | None = None,
    methods: Mapping[str, str] | None = None,
    *,
    parts: int | None = None,
    grouped: DataFrame | None = None,
) -> DataFrame:
    """Returns one row per race and measure, for races with an outcome.

    `flagged` names in `author` the authors who are flagged as bots (as posts.author, or the author id where a post
    has no handle); without it, there are no measures without bots. `grouped` names those in groups that
    act together, in the same way. `methods` is the `method` of each race, by race id; by default, `Race.method`. If
    `parts` is 0, the driver counts the votes. Raises WrongUse if no race has an outcome, or if the window is shorter
    than a day.
    """
    by_race = methods or {race.id: race.method for race in topic.races}
    require_outcome(topic, window)
    judged = topic.model_copy(update={"races": tuple(race for race in topic.races if race.outcome)})
    polls = posts.sparkSession.createDataFrame(list(poll_rows(judged, window)), POLL_SCHEMA)
    shared = shares(posts, judged, window, flagged, parts, grouped)
    measured = errors(shared, judged).unionByName(polls)
    constants = F.create_map(
        *[part for race in judged.races for part in (F.lit(race.id), _constants(race, by_race[race.id]))]
    )
    return measured.select("*", constants[F.col("race")].alias("of_race")).select(
        F.lit(topic.topic).alias("topic"),
        *("race", "measure", "mae", "of_race.mae_uniform", "window_start", "window_end", "of_race.method"),
    )


def require_outcome(topic: Topic, window: Window) -> None:
    """Raises WrongUse if no race of the topic has an outcome, or if the window is shorter than a day."""
    if not any(race.outcome for race in topic.races):
        raise WrongUse(f"topic {topic.topic} has no race with an outcome", "Add outcome: with the official vote shares")
    if not spans_in(window):
        raise WrongUse("the window is shorter than a day", "Let it end where the vote starts, and start a month before")


def spans_in(window: Window) -> dict[str, datetime]:
    """Returns the start, UTC, of each span that lies in the window; all spans end where the window ends."""
    end = window.end.astimezone(window.zone)
    starts = {name: (end - timedelta(days=days)).astimezone(UTC) for name, days in SPANS.items()}
    return {name: start for name, start in starts.items() if start >= window.start}


def shares(
    posts: DataFrame,
    topic: Topic,
    window: Window,
    flagged: DataFrame | None,
    parts: int | None,
    grouped: DataFrame | None = None,
) -> DataFrame:
    """Returns one row per race, span, candidate and share, with the columns `measure` and `share` (0..1)."""
    spans = [spans_between(name, [(start, window.end)]) for name, start in spans_in(window).items()]
    measures = [F.struct(F.lit(name).alias("name"), F.col(name).alias("share")) for name in MEASURES]
    key = ("race", "period", "period_start", "period_end", "candidate")
    return (
        race_shares(posts, topic.races, flagged, spans, parts=parts, grouped=grouped)
        .select(*key, F.explode(F.array(*measures)).alias("measure"))
        .where(F.col("measure.share").isNotNull())
        .select(*key, F.concat_ws(":", "measure.name", "period").alias("measure"), "measure.share")
    )


def errors(measured: DataFrame, topic: Topic) -> DataFrame:
    """Returns one row per race and measure: the mean absolute error over the candidates who have an outcome."""
    outcomes = [(f"{race.id}/{name}", share) for race in topic.races for name, share in race.outcome.items()]
    outcome = F.create_map(*[F.lit(value) for pair in outcomes for value in pair])
    distance = F.abs(F.col("share") - outcome[F.concat_ws("/", "race", "candidate")])
    return measured.groupBy("race", "measure").agg(
        F.mean(distance).alias("mae"),
        F.min("period_start").alias("window_start"),
        F.min("period_end").alias("window_end"),
    )


def poll_rows(topic: Topic, window: Window) -> Iterable[tuple[str, str, float, datetime, datetime]]:
    """Yields the rows of the opinion polls that ended before the window's end, as in POLL_SCHEMA."""
    for race in topic.races:
        for poll in race.polls:
            start, end = (
                datetime.combine(poll.date + timedelta(days=days), time(0), topic.zone).astimezone(UTC)
                for days in (0, 1)
            )
            if end <= window.end:
                yield race.id, f"poll:{poll.name}", poll_error(race, poll), start, end


def poll_error(race: Race, poll: Poll) -> float:
    """Returns an opinion poll's mean absolute error, 0..1; its shares are divided by their sum."""
    total = sum(poll.shares.values())
    return fmean(abs(poll.shares[name] / total - share) for name, share in race.outcome.items())


def uniform_error(race: Race) -> float:
    """Returns the mean absolute error, 0..1, of equal shares for all of the race's candidates."""
    return fmean(abs(1 / len(race.candidates) - share) for share in race.outcome.values())


def _constants(race: Race, method: str) -> Column:
    return F.struct(F.lit(uniform_error(race)).alias("mae_uniform"), F.lit(method).alias("method"))


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the backtest; authors are left out of shares as in `candidate_poll`."""
    left_out = {"flagged": flagged_authors(inputs, topic), "grouped": grouped_authors(inputs)}
    posts, by_race = inputs[POSTS.name], methods(topic, inputs)
    measured = poll_backtest(posts, topic, window, methods=by_race, parts=parts_of(inputs), **left_out)
    return {POLL_BACKTEST.name: measured}


JOB = Job(
    name="poll_backtest",
    inputs=inputs_of_votes(ends_with_window=True),
    outputs=(Output(POLL_BACKTEST),),
    transform=transform,
    methods=methods,
    requires=require_outcome,
)

if __name__ == "__main__":
    sys.exit(run(JOB))
