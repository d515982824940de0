"""`python -m bench.parsing.changes FOLDER [COMMIT]`: what became otherwise in captures since a commit, post by post.

FOLDER has the captures (`*.jsonl`), COMMIT is by default the one with which the benchmark `parse` compares. It prints
Markdown: first the polls of the shipped topics and the edges of the graphs, then each post with each column that
differs, what it was, what it is, and why. It is to be read after a change in ingest/formats or in the folding.
"""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from bench.jobs.sides import checked_out, commit_of
from bench.parsing.benchmark import BEFORE
from conf import ROOT
from conf.folding import fold

NEW = {
    "accounts": "whom a post refers to is kept by id",
    "box": "the bounds of a place decide where a post is",
    "folded_alt": "image descriptions are searched",
    "folded_cards": "the words of link cards and polls are searched",
    "languages": "all language tags are read",
    "media": "images and videos are named",
    "root": "the conversation's first post is kept",
    "text_more": "link cards, image descriptions and polls are stored",
}
"""Columns that were added, and why."""
OTHERS = ("retweet_of_author", "reply_to_author", "quote_of_author")
LONGEST = 60
_SIDE = Path(__file__).with_name("read_by.py")
Told = dict[str, Any]


def main(folder: Path, revision: str = BEFORE) -> None:
    """Prints what changed."""
    commit = commit_of(revision)
    with TemporaryDirectory(prefix="pulso-changes-") as work:
        before, now = (read(root, folder) for root in (checked_out(commit, Path(work) / commit), ROOT))
    print(f"# {len(now):,} messages, beside commit {commit[:8]}\n")
    _print_counts("Posts that count for a candidate", *(_polled(side) for side in (before, now)))
    _print_counts("Edges of the graphs", *(Counter(kind for kind, *_ in _edges(side)) for side in (before, now)))
    rows = [row for key in sorted({*before, *now}) for row in differing(key, before.get(key, {}), now.get(key, {}))]
    print("\n| why | columns of posts |\n|---|---:|")
    for why, count in Counter(row[4] for row in rows).most_common():
        print(f"| {why} | {count:,} |")
    print("\n| post | column | before | now | why |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(cell.replace('|', '¦') for cell in row)} |")


def read(root: Path, folder: Path) -> dict[str, Told]:
    """Returns each message by the capture and its post's id, or by its place where it is no post."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    asked = [sys.executable, str(_SIDE), str(folder)]
    output = subprocess.run(asked, env=environment, cwd=root, stdout=subprocess.PIPE, check=True).stdout
    found, seen = dict[str, Told](), Counter[str]()
    for told in map(orjson.loads, output.splitlines()):
        at = told.pop("at")
        key = f"{at.partition(':')[0]} {told['post_id']}" if "post_id" in told else at
        seen[key] += 1
        found[key if seen[key] == 1 else f"{key} ({seen[key]})"] = told
    return found


def _polled(side: Mapping[str, Told]) -> Counter[str]:
    """Returns how many posts, and how many authors, count for each candidate."""
    authors = defaultdict[str, set[str]](set)
    posts = defaultdict[str, set[str]](set)
    for told in side.values():
        for name in told.get("counts", ()):
            posts[f"{name}: posts"].add(told["post_id"])
            authors[f"{name}: authors"].add(f"{told['source']}:{told['author_id']}")
    return Counter({name: len(found) for name, found in {**posts, **authors}.items()})


def _edges(side: Mapping[str, Told]) -> set[tuple[str, str, str]]:
    """Returns the kind of each edge, and the accounts at its ends."""
    found = set()
    for told in side.values():
        author = told.get("author") or told.get("author_id", "")
        pairs = [(name.split("_")[0], told[name]) for name in OTHERS if told.get(name)]
        pairs += [("mention", name) for name in told.get("mentions", ()) if told["kind"] != "retweet"]
        found |= {(kind, author, other) for kind, other in pairs}
    return found


def _print_counts(title: str, before: Mapping[str, int], now: Mapping[str, int]) -> None:
    print(f"\n| {title} | before | now |\n|---|---:|---:|")
    for name in sorted({*before, *now}):
        print(f"| {name} | {before.get(name, 0):,} | {now.get(name, 0):,} |")


def differing(key: str, before: Told, now: Told) -> Iterator[tuple[str, str, str, str, str]]:
    """Yields for each column that differs: the post, the column, what it was, what it is, and why."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old != new:
            yield key, name, *_shown(old, new), _why(name, old, new)


def _why(name: str, old: Any, new: Any) -> str:
    if name in NEW and old is None:
        return NEW[name]
    if name == "folded" and old is not None:
        return "folding: one form of more letters and signs" if fold(old) == new else "blanking: only links and handles"
    if name in ("refused", "is"):
        return (
            "another kind of message is known"
            if name == "is"
            else "was refused"
            if new is None
            else "is refused"
            if old is None
            else "the reason says more"
        )
    return f"`{name}` is read where it was not" if old is None else f"`{name}` is read in another way"


def _shown(old: Any, new: Any) -> tuple[str, str]:
    """Returns both values from shortly before where they begin to differ."""
    texts = ["" if value is None else " ".join(str(value).split()) for value in (old, new)]
    same = next((n for n, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    begin = max(0, same - 20)
    one, other = (f"{'…' * (begin > 0)}{text[begin : begin + LONGEST]}" for text in texts)
    return one, other


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
