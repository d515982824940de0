"""Reads stored posts, finds those that count for a candidate, and draws a sample of them as a sheet to be filled in."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.race import Candidate, Race
from conf.schema import bound
from conf.tables import POSTS
from conf.topic import Topic
from readers.samples.draw import Draw, Drawn
from readers.samples.matcher import Matcher, columns_of
from readers.samples.sheet import COLUMNS
from readers.search.post_reads import Span
from readers.search.statements import Statements
from readers.search.window_rows import window_rows
from stores.execute import in_flight
from stores.layout import check_layout
from stores.refused import silence_told

Key = tuple[date, int, str, str]
"""Day, bucket, network and id of a post: with the topic, its key."""
SHOWN = ("event_at", "text", "text_more")
LONGEST_TEXT = 5_000
"""The most characters of a text in the sheet; a spreadsheet takes 32,767 in a cell."""


@dataclass(frozen=True)
class Subject:
    """Whose posts are sampled, and where."""

    topic: Topic
    race: Race
    candidate: Candidate
    span: Span


def sample_frame(
    session: Session,
    keyspace: str,
    subject: Subject,
    n: int,
    seed: int,
    on_day: Callable[[int, int], None] = lambda _done, _days: None,
) -> pd.DataFrame:
    """Returns a sample of up to `n` posts that count for a candidate, in random order, with the columns COLUMNS.

    The same seed draws the same posts, as long as the same posts are stored. `on_day` is called with the number of
    finished days and of all days. Raises PulsoError if no post counts for the candidate or the tables do not exist,
    WrongUse if `n` is too small, StoreDown if Cassandra does not answer.
    """
    statements = Statements(session, keyspace)
    statements.check()
    check_layout(session, keyspace, subject.topic)
    with silence_told("See `make status`, or read a shorter time with --from and --to"):
        drawing = _Drawing(statements, subject, Draw(seed, n))
        drawing.read(on_day)
        drawn = drawing.draw.drawn()
        rows = list(_rows(statements, subject, drawn, drawing))
    if not rows:
        raise PulsoError(
            f"no stored post of {subject.topic.topic} counts for {subject.candidate.id}",
            "Check --from and --to, and the candidate's aliases, hashtags and handles in the topic file",
        )
    return _frame(rows)


class _Drawing:
    """One pass over the posts of a window: counts those of each candidate of the race, and draws the sample."""

    def __init__(self, statements: Statements, subject: Subject, draw: Draw[date, Key]) -> None:
        self.draw, self.counts = draw, Counter[str]()
        self._statements, self._subject = statements, subject
        match = subject.race.match
        self._matcher = Matcher(subject.candidate, match)
        others = [other for other in subject.race.candidates if other is not subject.candidate]
        self._others = {other.id: Matcher(other, match) for other in others}

    def read(self, on_day: Callable[[int, int], None]) -> None:
        """Reads the posts, day after day."""
        topic, span = self._subject.topic, self._subject.span
        columns = ", ".join(("source", "post_id", *columns_of(topic)))

        def end_day(done: int, days: int) -> None:
            self.draw.end_day()
            on_day(done, days)

        for (day, bucket), row in window_rows(self._statements, topic, span, columns, end_day):
            self._add(row, day, bucket)

    def _add(self, row: Any, day: date, bucket: int) -> None:
        self.counts.update(name for name, other in self._others.items() if other.rules_of(row))
        if rules := self._matcher.rules_of(row):
            self.counts[self._subject.candidate.id] += 1
            self.draw.add(rules[0], day, f"{row.source} {row.post_id}", (day, bucket, row.source, row.post_id))


def _rows(
    statements: Statements, subject: Subject, drawn: Sequence[Drawn[Key]], drawing: _Drawing
) -> Iterator[dict[str, object]]:
    """Yields the rows of the sheet. A post that was deleted since it was counted is left out."""
    matcher, totals = Matcher(subject.candidate, subject.race.match), drawing.draw.totals
    found = list(_posts(statements, subject.topic, drawn))
    others = drawing.counts.total() - drawing.counts[subject.candidate.id]
    posts = sum(totals[rule] for rule in {one.rule for one, _ in found})
    for number, (one, post) in enumerate(found, 1):
        yield {
            "number": number,
            "right": "",
            "text": str(post.text or "")[:LONGEST_TEXT],
            "text_more": str(post.text_more or "")[:LONGEST_TEXT],
            "matched": ", ".join(matcher.rules_of(post)),
            "rule": one.rule,
            "event_at": post.event_at,
            "post": link_to(one.key[2], one.key[3]),
            "topic": subject.topic.topic,
            "race": subject.race.id,
            "candidate": subject.candidate.id,
            "rows": len(found),
            "rule_posts": totals[one.rule],
            "posts": posts,
            "race_posts": posts + others,
        }


def _posts(statements: Statements, topic: Topic, drawn: Iterable[Drawn[Key]]) -> Iterator[tuple[Drawn[Key], Any]]:
    columns = ", ".join(dict.fromkeys((*SHOWN, *columns_of(topic))))
    statement = statements.select(columns, f"WHERE {bound(POSTS.key)}")
    send = lambda one: statements.session.execute_async(statement, (topic.topic, *one.key))  # noqa: E731
    for one, future in in_flight(drawn, send):
        if (post := future.result().one()) is not None:
            yield one, post


def link_to(source: str, post_id: str) -> str:
    """Returns the address at which a post is shown; on Mastodon, where it is not known, the id on its server."""
    if source == "x":
        return f"https://x.com/i/status/{post_id}"
    did, _, rkey = post_id.partition("/")
    return f"https://bsky.app/profile/{did}/post/{rkey}" if source == "bluesky" else f"{source} {post_id}"


def _frame(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["event_at"] = pd.to_datetime(frame["event_at"], utc=True)
    texts = ("right", "text", "text_more", "matched", "rule", "post", "topic", "race", "candidate")
    return frame.astype(dict.fromkeys(texts, "string"))
