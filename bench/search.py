"""Search: the first page of posts by one word, over a million posts of one month; a full scan checks the result."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import Any

import psutil
from cassandra.query import SimpleStatement

from bench.commands import python, run
from bench.lab import Lab
from bench.month import MONTH, TOPIC
from bench.results import Row, Section
from bench.stored_month import stored_month
from conf.errors import PulsoError
from conf.folding import search_words
from conf.tables import MATCHED, POSTS
from readers.search.post_reads import Span
from readers.search.query import parse_query
from readers.search.search import PostSearch, posts_frame

TITLE = "one word over one month"
TARGET_MS = 200.0
PAGE = 50
SHARES = {"very frequent": 0.1, "frequent": 0.01, "medium": 0.001, "rare": 0.00002}
"""Of all posts, the share that hold the word of each class; the word whose share comes nearest is taken."""
ABSENT = "nobodywritesthis"
TIMES_A_ROUND = 10
_STORED = re.compile(r"([\d,]+) posts stored in (\d+) s")


def benchmark(lab: Lab) -> Section:
    """Stores the month, times first pages by word, and compares all posts of each word with a scan.

    Raises PulsoError where they differ.
    """
    own, stored = stored_month(lab)
    posts = lab.plan.month_posts
    lab.show("search: reading every post")
    scanned = list(_scan(own))
    if len(scanned) != posts:
        raise PulsoError(f"the table holds {len(scanned):,} posts, not {posts:,}")
    words = _words(scanned)
    search = PostSearch(own.session, own.settings.keyspace, own.topic)
    rows, text = list[Row](), list[str]()
    for name, (word, found) in words.items():
        lab.show(f"search: {name}, {word!r}")
        _check_same(search, word, scanned)
        for window, span in (("the month", Span(*MONTH)), ("no window", Span())):
            seconds = _first_pages(search, word, span, lab.plan.rounds * TIMES_A_ROUND)
            rows.append(Row(f"{name}, `{word}` in {found:,} posts, {window}: first {PAGE}", None, seconds))
            text.append(_said(name, window, seconds))
    command = python("readers", "search", "--topic", TOPIC, words["very frequent"][0])
    rows.append(Row("the whole command once, with interpreter and connection", None, [run(own, command).seconds]))
    return Section(TITLE, rows, [*text, *_about(own, stored, posts)])


def _first_pages(search: PostSearch, word: str, span: Span, times: int) -> list[float]:
    """Returns the seconds until the first page is a frame, `times` times, on a session that has searched before."""
    seconds = list[float]()
    for number in range(times + 1):
        began = time.perf_counter()
        posts_frame(search.pages(word, span, limit=PAGE))
        seconds += [time.perf_counter() - began] if number else []
    return seconds


def _scan(lab: Lab) -> Iterator[Any]:
    """Yields every post of the topic from a scan of the table: event time, source, id, and words."""
    columns = ", ".join(("topic", "source", "post_id", "event_at", "hashtags", *MATCHED.values()))
    query = f"SELECT {columns} FROM {lab.settings.keyspace}.{POSTS.name}"
    for row in lab.session.execute(SimpleStatement(query, fetch_size=5000), timeout=120):
        words = search_words([getattr(row, name) for name in MATCHED.values()], row.hashtags)
        yield (row.event_at, row.source, row.post_id, words)


def _words(scanned: list[Any]) -> dict[str, tuple[str, int]]:
    """Returns a word for each class, with the number of posts that hold it."""
    counts = Counter(word for *_, words in scanned for word in words)
    chosen = dict[str, tuple[str, int]]()
    for name, share in SHARES.items():
        wanted = share * len(scanned)
        plain = (word for word in sorted(counts) if word.isalpha() and len(word) > 2)
        word = min(plain, key=lambda one: abs(counts[one] - wanted))
        chosen[name] = (word, counts[word])
    return chosen | {"absent": (ABSENT, 0)}


def _check_same(search: PostSearch, word: str, scanned: list[Any]) -> None:
    """Raises PulsoError unless the search returns exactly the posts of the scan, newest first."""
    (term,) = parse_query(word).terms
    expected = [post for *_, post in sorted(((key[:3]), key[2]) for key in scanned if term in key[3])][::-1]
    found = [post for page in search.pages(word) for post in page["post_id"]]
    if found != expected:
        raise PulsoError(
            f"search returns {len(found):,} posts of {word!r}, a scan {len(expected):,}; or their order differs"
        )


def _said(name: str, window: str, seconds: list[float]) -> str:
    middle, late = median(seconds) * 1000, sorted(seconds)[int(0.95 * (len(seconds) - 1))] * 1000
    held = "met" if middle < TARGET_MS else "MISSED"
    return f"{name}, {window}: median {middle:.0f} ms, p95 {late:.0f} ms; target under {TARGET_MS:.0f} ms: {held}."


def _about(lab: Lab, output: str, posts: int) -> list[str]:
    told = _STORED.search(output)
    took = f" in {told.group(2)} s" if told else ""
    return [
        f"{posts:,} posts of 30 days under `{TOPIC}`, {lab.topic.buckets} buckets per day, stored by Pulso's own"
        f" writer{took}; load average at the end {psutil.getloadavg()[0]:.1f}.",
        "Each search, read to its end, returned exactly the posts of a scan of the whole table, newest first.",
        "Times are those of the function on a warm session, from the call until the page is a DataFrame.",
    ]
