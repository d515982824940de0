"""Night: the poll with what it rests on, as a strip, bars and lines; what changed; the accounts that are retweeted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.tables import CASCADES, HASHTAG_TRENDS
from conf.topic import Topic
from readers.graphs.stored import stored_graph
from readers.graphs.tops import top_nodes
from readers.items.authors import activity_of
from readers.page import polls
from readers.page.address import View
from readers.page.lines import NARROW, WIDE, Chart, Mark, Span, chart
from readers.page.polls import MEASURES, Poll
from readers.page.source import Source, settled
from readers.page.texts import at, count, counted, covered, duration, isolated, post_link, shown, span, title_of
from readers.partitions import Replaced
from readers.periods import newest_start, read_periods
from readers.runs.rhythm import next_run
from readers.runs.runs import runs_of
from stores.coverage import Gap, Record, coverage, read_records

OWN: tuple[str, ...] = ()
POOR = 0.95
"""A strip with less coverage than this is amber."""
LATE = timedelta(minutes=10)
"""So is one whose live collection is this far behind."""
SHOWN = 6
FEW_RETWEETS = 5
"""Of a post with fewer retweets, how fast they came says nothing."""
ACCOUNTS = 10


@dataclass(frozen=True)
class Cell:
    """One figure of the strip: what it is, the figure, and more words below it."""

    name: str
    value: str
    more: str = ""
    link: str = ""


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows. Raises PulsoError when no poll has been published, and StoreDown."""
    keyspace, topic = source.keyspace, view.topic
    with source.session() as session:
        found = source.at_once(
            lambda: poll_of(session, keyspace, view),
            lambda: _accounts(session, keyspace, view),
            lambda: _cascades(session, source, view),
            lambda: _bursts(session, keyspace, view),
            lambda: read_records(session, keyspace, topic.topic),
            lambda: list(runs_of(session, keyspace, topic, "candidate_poll", 8)),
        )
    poll: Poll = found[0]
    accounts, cascades, bursts, records, runs = found[1:]
    return {
        "poll": poll,
        "window": span(*poll.span, topic),
        "strip": _strip(poll, view, runs, records),
        "warnings": _warnings(poll, topic, records),
        "charts": charts(poll, records),
        "events": events(poll),
        "gaps": [(gap.text, span(gap.start, gap.end, topic)) for gap in gaps(poll, records)],
        "measure": MEASURES[view.show],
        "cite": cite(poll),
        "bursts": bursts,
        "cascades": cascades,
        "accounts": accounts,
    }


def poll_of(session: Session, keyspace: str, view: View) -> Poll:
    """Returns the poll of a view, all of one run; where a run was ended while it published, it is marked as mixed."""
    try:
        return settled(lambda: polls.read(session, keyspace, view))
    except Replaced:
        return polls.read(session, keyspace, view, mixed=True)


def _strip(poll: Poll, view: View, runs: Sequence[Any], records: dict[str, Record]) -> list[Cell]:
    first, topic = poll.first, view.topic
    expected = next_run(runs)
    up = first["coverage"]
    later: tuple[str, ...] = ("not known",)
    if expected is not None:
        is_past = expected + LATE < datetime.now(UTC)
        later = (at(expected, topic), "is overdue" if is_past else "as the last runs came")
    return [
        Cell("As of", at(first["period_end"], topic), f"{topic.timezone}; computed {at(first['computed_at'], topic)}"),
        *([] if view.is_paper else [Cell("Next run", *later)]),
        Cell("Authors", count(first["authors_total"]), "one author, one vote"),
        Cell("Posts", count(first["posts_total"]), "that mention anyone in the race"),
        Cell("Coverage", "replayed" if pd.isna(up) else covered(up), _collected(up, records, topic)),
        Cell("Method", str(first["method"])[:12], "what counts, and how", view.link("method")),
    ]


def _collected(up: Any, records: dict[str, Record], topic: Topic) -> str:
    if pd.isna(up):
        return "captures; what they lack is not known"
    through = max((record.through for record in records.values()), default=None)
    return f"collected live, to {at(through, topic, '%-d %b, %H:%M')}"


def _warnings(poll: Poll, topic: Topic, records: dict[str, Record]) -> list[str]:
    """Returns a sentence for each thing that makes the figures less sure than they look."""
    first, told = poll.first, list[str]()
    if not pd.isna(first["coverage"]) and first["coverage"] < POOR:
        told.append(
            f"Only {covered(first['coverage'])} of this time was collected: posts are missing, and so may be the "
            "conversation of some hours. See Quality."
        )
    now = datetime.now(UTC)
    if now - first["period_end"] < timedelta(days=1):  # tonight, not last year
        for network, record in records.items():
            if now - record.through > LATE:
                late = duration((now - record.through).total_seconds())
                told.append(f"Collection from {network} is {late} behind: the last hour may still grow.")
    if poll.later:
        told.append(
            f"Bars and {poll.by}s are of different runs: some {poll.by}s were computed later than the window, so that "
            "they may rest on more posts."
        )
    if pd.isna(first["share_authors"]):
        told.append(f"Only {count(first['authors_total'])} authors so far: too few for a share.")
    if poll.mixed:
        told.append(
            "A run was ended while it published: bars and lines are of two runs. Run the job candidate_poll again."
        )
    return told


def gaps(poll: Poll, records: dict[str, Record]) -> list[Span]:
    """Returns the gaps of live collection in the time that the lines show, in order."""
    return missing(records, *poll.drawn_span)


def missing(records: dict[str, Record], start: datetime, end: datetime) -> list[Span]:
    """Returns the times of live collection in which posts are missing, in order; what reaches beyond `end` is cut.

    They are those that `stores.coverage.coverage` counts: a gap that is still open reaches to the end, or to now. So
    does the time that is not collected yet, once that is late. A network that was never up in this time has none.
    """
    end = min(end, datetime.now(UTC))
    found = [
        Span(max(down.start, start), min(down.end or end, end), f"{network}: {shown(down.reason)}")
        for network, record in records.items()
        if start < end and coverage({network: record}, start, end)
        for down in (*record.gaps, *_not_collected(record, end))
    ]
    return sorted((gap for gap in found if gap.start < gap.end), key=lambda gap: gap.start)


def _not_collected(record: Record, end: datetime) -> Iterator[Gap]:
    """Yields the times of a record outside its gaps in which nothing was collected, or not yet."""
    if record.began is not None:
        yield Gap(datetime.min.replace(tzinfo=UTC), record.began, "collection had not begun")
    is_told = any(gap.end is None or gap.end >= end for gap in record.gaps if gap.start < end)
    if end - record.through > LATE and not is_told:
        yield Gap(record.through, end, "not collected yet")


def charts(poll: Poll, records: dict[str, Record]) -> list[tuple[str, Chart]]:
    """Returns the lines at two widths: for a screen and for a phone."""
    marks = [Mark(event.instant(poll.topic.zone), event.text) for event in poll.topic.events]
    missing = gaps(poll, records)
    drawn = (poll.lines, poll.drawn_span, poll.step, poll.topic.zone)
    return [(name, chart(*drawn, size, missing, marks)) for name, size in (("wide", WIDE), ("narrow", NARROW))]


def events(poll: Poll) -> list[tuple[int, str, str]]:
    """Returns the marked events in the order of their numbers: number, time, text."""
    start, end = poll.drawn_span
    found = sorted((event.instant(poll.topic.zone), event.text) for event in poll.topic.events)
    inside = [(when, text) for when, text in found if start <= when < end]
    return [(number, at(when, poll.topic), shown(text)) for number, (when, text) in enumerate(inside, 1)]


def cite(poll: Poll) -> str:
    """Returns the sentence with which to cite the poll's bars: title, window, n, interval, method and run."""
    first, topic = poll.first, poll.topic
    shares = [f"{isolated(row.name)} {row.value}{f' ({row.interval})' if row.interval else ''}" for row in poll.rows]
    ends = " (95 % interval, sampling error only)" if poll.show == "authors" else ""
    return (
        f"{isolated(title_of(poll.race))}, {isolated(title_of(topic))}. {MEASURES[poll.show]} in the conversation, "
        f"not a forecast{ends}: {'; '.join(shares)}. {span(*poll.span, topic)} ({topic.timezone}); "
        f"n = {polls.size_of(poll)}. "
        f"Pulso, method {first['method']}, run {first['run_id']}."
    )


def _bursts(session: Session, keyspace: str, view: View) -> dict[str, Any] | None:
    """Returns the hashtags that burst in the last hour that was counted; None where no hour was."""
    where = {"topic": view.topic.topic, "period": "hour"}
    newest = newest_start(session, keyspace, HASHTAG_TRENDS, where)
    if newest is None:
        return None
    rows = read_periods(session, keyspace, HASHTAG_TRENDS, where, newest, newest + timedelta(minutes=1))
    rows = rows[rows["burst"] > 0].sort_values(["burst", "rank"], ascending=[False, True]).head(SHOWN)
    found = [
        {
            "tag": shown(f"#{row['hashtag']}", 80),
            "authors": counted(row["authors"], "author"),
            "before": count(row["previous_posts"]),
            "posts": counted(row["posts"], "post"),
            "link": posts_link(view, f"#{row['hashtag']}", row["period_start"], row["period_end"]),
        }
        for row in rows.to_dict("records")
    ]
    return {"span": span(newest, newest + timedelta(hours=1), view.topic), "rows": found}


def posts_link(view: View, words: str, start: Any, end: Any) -> str:
    """Returns the address of a search for some words in a period."""
    times = {name: f"{value:%Y-%m-%dT%H:%MZ}" for name, value in (("from", start), ("to", end))}
    return view.link("search", q=words, **times)


def _cascades(session: Session, source: Source, view: View) -> dict[str, Any] | None:
    """Returns the fastest of the most retweeted posts of the last day (else window); None where there are none."""
    for period in ("day", "window"):
        where = {"topic": view.topic.topic, "period": period}
        newest = newest_start(session, source.keyspace, CASCADES, where)
        if newest is None:
            continue
        limits = (newest, newest + timedelta(minutes=1)) if period == "day" else (None, None)
        rows = read_periods(session, source.keyspace, CASCADES, where, *limits)
        first, fast = rows.iloc[0], rows[rows["retweets"] >= FEW_RETWEETS]
        found = [
            {
                "author": shown(row["label"] or "unknown", 80) if not pd.isna(row["label"]) else "unknown",
                "retweets": count(row["retweets"]),
                "half": duration(row["half_life_seconds"]),
                "link": post_link(row["source"], row["post_id"], source.settings.mastodon_url),
            }
            for row in fast.sort_values(["half_life_seconds", "rank"]).head(SHOWN).to_dict("records")
        ]
        return {"span": span(first["period_start"], first["period_end"], view.topic), "rows": found}
    return None


def _accounts(session: Session, keyspace: str, view: View) -> dict[str, Any] | None:
    """Returns the accounts that were retweeted most, with the bot rules that fired; None where no graph was made."""
    topic = view.topic

    def read() -> dict[str, Any] | None:
        try:
            graph = stored_graph(session, keyspace, topic, "retweet")
        except Replaced:
            raise
        except PulsoError:
            return None
        tops = top_nodes(graph)
        rows = tops[tops["measure"] == "in_weight"].sort_values("rank").head(ACCOUNTS)
        activity = activity_of(session, keyspace, topic, list(rows["node"]))
        found = [
            {
                "name": shown(row["label"] or row["node"], 120),
                "link": view.link("network", account=str(row["node"])),
                "posts": count(row["value"]),
                "flags": list(activity[row["node"]].bot_flags or ()) if row["node"] in activity else None,
            }
            for row in rows.to_dict("records")
        ]
        return {"span": span(*graph.period[2:], topic), "rows": found}

    return settled(read)
