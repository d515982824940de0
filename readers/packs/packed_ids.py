"""The ids of the posts in a pack, with their days, in the order in which they were written."""

import csv
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO

import msgspec

from conf.errors import PulsoError
from conf.lines import LONGEST_LINE, Lines
from conf.tables import NETWORKS
from conf.topic import Topic
from readers.packs.tcat import TCAT_FILE, TIME
from readers.packs.twarc import TWARC_FILE, X
from stores.packs import POST_KEYS, POSTS_FILE, Manifest, open_inside

Packed = tuple[date, str, str]
"""The topic's day of a post, its network and its id, or the pseudonym of its id."""
_IDS = re.compile(rf"ids/({'|'.join(NETWORKS)})-(\d{{4}}-\d\d-\d\d)\.txt")
CHUNK = 256 * 1024
_NO_PACK = (
    *(ValueError, LookupError, TypeError, msgspec.MsgspecError, OSError, zlib.error, EOFError, csv.Error),
    *(OverflowError, RecursionError),
)


class _Line(msgspec.Struct, rename=POST_KEYS):
    post_id: str
    event_at: datetime
    x: int | None = None
    bluesky: int | None = None
    mastodon: int | None = None
    source: str = ""  # of a post with pseudonyms, whose first key does not tell the network


class _Tweet(msgspec.Struct):
    id: str
    created_at: datetime


class _TweetLine(msgspec.Struct):
    data: _Tweet


_LINE, _TWEET = msgspec.json.Decoder(_Line), msgspec.json.Decoder(_TweetLine)


def packed_ids(folder: Path, manifest: Manifest, topic: Topic) -> Iterator[Packed]:
    """Yields the posts of a pack. Raises PulsoError if a file of posts can't be read."""
    try:
        for path in sorted((file.path for file in manifest.files), key=_place):
            yield from _of_file(folder, path, topic)
    except _NO_PACK as error:
        what = f"the posts of the pack {folder} can't be read: {' '.join(str(error).split())[:160]}"
        raise PulsoError(what, "Make the pack again") from None


def _place(path: str) -> tuple[str, str]:
    """Days first: the files of ids of one day, of all networks, follow each other."""
    found = _IDS.fullmatch(path)
    return (found[2] if found else "", path)


def _of_file(folder: Path, path: str, topic: Topic) -> Iterator[Packed]:
    if path == POSTS_FILE:
        for line in _unpacked_lines(folder, path):
            post = _LINE.decode(line)
            source = post.source or next(each for each in NETWORKS if getattr(post, each) is not None)
            yield topic.day_of(post.event_at), source, post.post_id
    elif path == TWARC_FILE:
        with _open(folder, path) as file:
            for line in _lines(iter(lambda: file.read(CHUNK), b"")):
                tweet = _TWEET.decode(line).data
                yield topic.day_of(tweet.created_at), X, tweet.id
    elif path == TCAT_FILE:
        with _open(folder, path) as file:
            for row in csv.DictReader(iter(Lines(file, "utf-8"))):
                at = datetime.strptime(row["created_at"], TIME).replace(tzinfo=UTC)
                yield topic.day_of(at), X, row["id"]
    elif found := _IDS.fullmatch(path):
        with _open(folder, path) as file:
            day = date.fromisoformat(found[2])
            for line in _lines(iter(lambda: file.read(CHUNK), b"")):
                yield day, found[1], line.decode()


def _open(folder: Path, path: str) -> IO[bytes]:
    return os.fdopen(open_inside(folder, path), "rb")


def _unpacked_lines(folder: Path, path: str) -> Iterator[bytes]:
    """Yields the lines of a packed file. What it grows to does not matter: a piece at a time is in memory."""

    def pieces() -> Iterator[bytes]:
        with _open(folder, path) as file:
            unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
            while some := file.read(CHUNK):
                while some and not unpack.eof:
                    yield unpack.decompress(some, CHUNK)
                    some = unpack.unconsumed_tail
            if not unpack.eof:
                raise EOFError(f"{path} is truncated")

    return _lines(pieces())


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise ValueError(f"a line has more than {LONGEST_LINE:,} bytes")
        yield from filter(None, lines)
    if rest:
        yield rest
