"""Writes a pack: the posts of a window, their summaries, the topic file, the runs, the gaps, and last the manifest."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cassandra.cluster import Session

from conf import VERSION
from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.schema import bound
from conf.tables import ACCOUNT_NAMES, COLLECTION_GAPS, COLLECTION_THROUGH, JOB_RUNS, NAME_BUCKETS, TABLES
from conf.topic import Topic
from readers.packs import summaries
from readers.packs.disguise import disguised_record, names_people
from readers.packs.folder import NewPack, new_pack
from readers.packs.layouts import NAME_COLUMNS, IdsWriter, PulsoWriter, Writer, iso, utc, write_names
from readers.packs.pseudonyms import Pseudonyms, disguised
from readers.packs.tcat import TcatWriter
from readers.packs.twarc import TwarcWriter
from readers.search.post_reads import Span
from readers.search.query import Query
from readers.search.statements import Statements
from readers.search.window_rows import window_rows
from stores.coverage import coverage, read_records
from stores.layout import check_layout
from stores.packs import FORM, PACKED, TOPIC_FILE, Contents, Layout, Manifest
from stores.prepare import prepared
from stores.refused import silence_told

COLUMNS = ", ".join(("source", *PACKED, "WRITETIME(author_id) AS written"))
OnDay = Callable[[int, int], None]
TEXTS_TELL = (
    "Accounts, post ids, and handles in texts are pseudonyms. Texts, hashtags and times are the author's own: whoever"
    " searches for a text can find who wrote it."
)


@dataclass(frozen=True)
class Asked:
    """What a pack is to hold, and how. `key` makes pseudonyms; it is needed for all contents but `full`."""

    topic: Topic
    topic_file: bytes
    span: Span
    query: Query
    query_text: str
    contents: Contents
    layout: Layout
    key: bytes = b""


@dataclass
class _Counted:
    """What was written of the posts."""

    by_network: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, row: Any) -> None:
        self.by_network[row.source] += 1
        self.first = min(self.first or row.event_at, row.event_at)
        self.last = max(self.last or row.event_at, row.event_at)


def write_pack(session: Session, keyspace: str, asked: Asked, folder: Path, on_day: OnDay) -> Manifest:
    """Writes a pack into a folder, which must be empty or not be there, and returns its manifest.

    Memory does not depend on the number of posts. After an error nothing is left of the pack. Raises WrongUse for a
    folder that is used and for a topic file that differs from what is stored, StoreDown if Cassandra does not answer,
    Replaced if a job replaces a summary meanwhile, PulsoError if tables are missing or the disk is full.
    """
    statements = Statements(session, keyspace)
    statements.check()
    check_layout(session, keyspace, asked.topic)
    told = silence_told("See `make status`. Nothing was left in the folder; run the command again")
    with told, new_pack(folder) as pack:
        return _Packing(statements, keyspace, asked, pack).write(on_day)


class _Packing:
    """The steps, in their order."""

    def __init__(self, statements: Statements, keyspace: str, asked: Asked, pack: NewPack) -> None:
        self._statements, self._session, self._keyspace = statements, statements.session, keyspace
        self._asked, self._pack = asked, pack
        self._made = None if asked.contents == "full" else Pseudonyms(asked.key)
        self._began = datetime.now(UTC)

    def write(self, on_day: OnDay) -> Manifest:
        counted = self._posts(on_day)
        if self._asked.contents == "full":
            write_names(self._pack, self._names(counted))
        self._pack.add(TOPIC_FILE, self._asked.topic_file)
        window = self._window()
        left_out = self._summaries(window)
        runs = summaries.write_table(self._pack, JOB_RUNS, summaries.runs(window), self._change)
        manifest = self._manifest(counted, left_out, runs, self._collection(window))
        self._pack.finish(manifest)
        return manifest

    def _posts(self, on_day: OnDay) -> _Counted:
        asked, counted = self._asked, _Counted()
        rows = window_rows(self._statements, asked.topic, asked.span, COLUMNS, on_day, asked.query)
        with self._writer() as writer:
            for (day, _), row in rows:
                shown = disguised(self._made, row) if self._made and asked.contents == "pseudonyms" else row
                if writer.add(shown, day.isoformat()):
                    counted.add(row)
            counted.left_out = writer.left_out
        return counted

    def _writer(self) -> Writer:
        asked = self._asked
        if asked.contents == "ids":
            return IdsWriter(self._pack)
        if asked.layout == "pulso":
            return PulsoWriter(self._pack, pseudonyms=asked.contents == "pseudonyms")
        return TwarcWriter(self._pack) if asked.layout == "twarc" else TcatWriter(self._pack)

    def _names(self, counted: _Counted) -> Iterator[Any]:
        if self._asked.layout != "pulso" or not counted.by_network:
            return
        cql = f"SELECT {NAME_COLUMNS} FROM {self._keyspace}.{ACCOUNT_NAMES.name} WHERE {bound(ACCOUNT_NAMES.partition)}"
        statement = prepared(self._session, cql)
        for bucket in range(NAME_BUCKETS):
            yield from self._session.execute(statement, (self._asked.topic.topic, bucket))

    def _window(self) -> summaries.Window:
        span = self._asked.span
        return summaries.Window(self._session, self._keyspace, self._asked.topic, span.start, span.end)

    @property
    def _change(self) -> Any:
        return None if self._made is None else partial(disguised_record, self._made)

    def _summaries(self, window: summaries.Window) -> list[str]:
        """Writes the summaries; returns the tables that a pack of ids leaves out."""
        left_out = []
        for table in summaries.SUMMARIES:
            if self._asked.contents == "ids" and names_people(table):
                left_out.append(table.name)
            else:
                summaries.write_table(self._pack, table, summaries.rows_of(window, table), self._change)
        return left_out

    def _collection(self, window: summaries.Window) -> int:
        """Writes the record of live collection; returns the number of gaps."""
        gaps, through = summaries.collection(window)
        summaries.write_table(self._pack, COLLECTION_THROUGH, through, self._change)
        return summaries.write_table(self._pack, COLLECTION_GAPS, gaps, self._change)

    def _manifest(self, counted: _Counted, left_out: list[str], runs: int, gaps: int) -> Manifest:
        asked, span, now = self._asked, self._asked.span, datetime.now(UTC)
        first, last = (at and utc(at) for at in (counted.first, counted.last))
        start, end = span.start or first, span.end or (last and last + timedelta(milliseconds=1))
        records = read_records(self._session, self._keyspace, asked.topic.topic)
        share = coverage(records, start, end) if start and end and start < end else None
        posts = counted.by_network.total()
        return Manifest(
            form=FORM,
            pulso=VERSION,
            schema=digest([[table.name, *table.columns] for table in TABLES]),
            folding=FOLDING,
            topic=asked.topic.topic,
            title=asked.topic.title,
            timezone=asked.topic.timezone,
            window=(_told(span.start), _told(span.end)),
            query=asked.query_text,
            contents=asked.contents,
            layout=asked.layout,
            began=iso(self._began),
            ended=iso(now),
            posts=posts,
            by_network=dict(sorted(counted.by_network.items())),
            left_out=dict(sorted(counted.left_out.items())),
            first_post=_told(first),
            last_post=_told(last),
            coverage=share,
            gaps=gaps,
            runs=runs,
            tables_left_out=left_out,
            notes=list(self._notes(share, bool(records), end, now)),
            cite=self._cite(posts, start, end, now),
            files=self._pack.files(),
        )

    def _notes(self, share: float | None, is_live: bool, end: datetime | None, now: datetime) -> Iterator[str]:
        if not is_live:
            yield "Nothing of this topic was collected live: what the captures lack is not known, and coverage is null."
        elif share is not None and share < 1:
            yield f"Live collection was up for {share:.2%} of the window: posts are missing (collection_gaps)."
        if end and end > now:
            yield "The window had not ended when the pack was made: later posts are missing."
        if self._asked.query_text:
            yield "The posts are those of a query; the summaries are of all posts of the topic."
        if self._asked.contents == "pseudonyms":
            yield TEXTS_TELL
        yield "Check with `readers pack verify` which posts were deleted since, and remove them."

    def _cite(self, posts: int, start: datetime | None, end: datetime | None, now: datetime) -> str:
        topic = self._asked.topic
        times = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC" if start and end else "no posts"
        return (
            f"{topic.title or topic.topic} (topic {topic.topic}), {posts:,} posts, {times}. "
            f"Collected and packed with Pulso {VERSION}, {now:%Y-%m-%d}."
        )


def _told(at: datetime | None) -> str | None:
    return iso(at) if at else None
