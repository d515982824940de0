"""The form of a pack: a folder with the posts of a topic and their summaries, written by readers, read by replay.

The manifest is written last, so a folder without one is not finished. Nothing in a folder is believed: it may come from
anybody.
"""

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

import msgspec

from conf.errors import PulsoError, WrongUse
from conf.tables import NETWORKS, POSTS

FORM = 1
"""The version of the form. A change after which an earlier release could not read a pack makes it one higher."""
MANIFEST, UNFINISHED = "MANIFEST.json", "UNFINISHED"
POSTS_FILE, NAMES_FILE, TOPIC_FILE = "posts.ndjson.gz", "names.ndjson.gz", "topic.yaml"
LONGEST_MANIFEST = 16 * 1024 * 1024
"""The most bytes of a manifest that is read."""
DEEPEST = 3
"""The most parts of a file's path."""
Contents = Literal["full", "ids", "pseudonyms"]
Layout = Literal["pulso", "twarc", "tcat"]
CONTENTS: tuple[Contents, ...] = get_args(Contents)
PACKED = tuple(name for name in POSTS.columns if name not in ("topic", "day", "bucket", "source"))
"""The columns of a packed post. Its topic is the one into which it is replayed; day and bucket follow from it."""
POST_KEYS = {source: f"pulso_{source}" for source in NETWORKS}
"""The first key of a packed post's line, by network. Its value is FORM."""
NAME_KEYS = {source: f"pulso_{source}_name" for source in NETWORKS}
"""The first key of the line of an account's handle."""
PSEUDONYMS_KEY = "pulso_pseudonyms"
"""The first key of a post with pseudonyms. Such lines are not replayed."""
VERSION_US = "version_us"
"""The field of a post whose edits keep its id: the time of its version, µs since 1970."""
KEEPS_ID = ("bluesky", "mastodon")
"""The networks on which an edited post keeps its id, so that the time of its version decides which one stays."""


class PackedFile(msgspec.Struct, kw_only=True, frozen=True):
    """A file of a pack. `rows` are posts, rows of a table or handles; None if it has none."""

    path: str
    bytes: int
    sha256: str
    rows: int | None = None


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """What a pack holds, and how it was made. Times are UTC, in ISO's form; `window` is half-open, null: no limit."""

    form: int
    pulso: str
    schema: str
    folding: str
    topic: str
    title: str
    timezone: str
    window: tuple[str | None, str | None]
    query: str
    contents: Contents
    layout: Layout
    began: str
    ended: str
    posts: int
    by_network: dict[str, int]
    left_out: dict[str, int]
    first_post: str | None
    last_post: str | None
    coverage: float | None
    gaps: int
    runs: int
    tables_left_out: list[str]
    notes: list[str]
    cite: str
    files: list[PackedFile]


_MANIFEST = msgspec.json.Decoder(Manifest)
_FORM = msgspec.json.Decoder(msgspec.defstruct("Form", [("form", int)]))


def read_manifest(folder: Path) -> Manifest:
    """Returns the manifest of a pack.

    Raises WrongUse if the folder is no pack, PulsoError for a pack that is not finished or that can't be read.
    """
    if not folder.is_dir():
        raise WrongUse(f"no folder {folder}", "Give the folder of a pack, as `readers pack --out` made it")
    if not os.path.lexists(folder / MANIFEST):
        if os.path.lexists(folder / UNFINISHED):
            raise PulsoError(f"the pack {folder} is not finished", "Make it again: readers pack --topic T --out DIR")
        raise WrongUse(f"{folder} is no pack: it has no {MANIFEST}", "Give a folder that `readers pack --out` made")
    text = _bytes_of(folder)
    try:
        if (form := _FORM.decode(text).form) != FORM:  # type: ignore[attr-defined]
            raise PulsoError(f"{folder / MANIFEST} has the form {form}, not {FORM}", "Use the release that made it")
        manifest = _MANIFEST.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        what = f"{folder / MANIFEST} can't be read: {str(error)[:160]}"
        raise PulsoError(what, "Get the pack again from who made it") from None
    if bad := [file.path for file in manifest.files if not is_inside(file.path)]:
        what = f"{folder / MANIFEST} names a file that is not in the pack: {bad[0][:80]!r}"
        raise PulsoError(what, "Do not use this pack")
    return manifest


def is_inside(path: str) -> bool:
    """Returns whether a manifest's path can only lead to a file in the pack's folder, if no part of it is a link."""
    parts = PurePosixPath(path).parts
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and "/".join(parts) == path
    return is_plain and 0 < len(parts) <= DEEPEST and not path.startswith("/") and ".." not in parts


def open_inside(folder: Path, path: str) -> int:
    """Opens a file of a pack and returns its descriptor.

    Raises OSError if it, or a folder of its path, is a link, or if it is no ordinary file.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    *folders, name = PurePosixPath(path).parts
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for each in folders:
            inner = os.open(each, flags | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        found = os.open(name, flags, dir_fd=here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(0, "no ordinary file")
    return found


def captures_of(folder: Path) -> list[str]:
    """Returns the files of a pack that `replay` reads.

    Raises WrongUse for a folder that is no pack, and for a pack that is not replayed; PulsoError for an unfinished one.
    """
    manifest = read_manifest(folder)
    if manifest.contents != "full":
        holds = "ids of posts, not posts" if manifest.contents == "ids" else "pseudonyms, not accounts"
        raise WrongUse(f"the pack {folder} has {holds}, so it can't be replayed", "Make one with --posts full")
    found = []
    for file in manifest.files:
        if "/" in file.path or file.path == TOPIC_FILE:
            continue
        try:
            os.close(open_inside(folder, file.path))
        except OSError as error:
            what = f"{folder / file.path} can't be read: {error.strerror}"
            raise PulsoError(what, "`readers pack verify` says what else is wrong") from None
        found.append(str(folder / file.path))
    return found


def _bytes_of(folder: Path) -> bytes:
    try:
        with os.fdopen(open_inside(folder, MANIFEST), "rb") as file:
            text = file.read(LONGEST_MANIFEST + 1)
    except OSError as error:
        what = f"{folder / MANIFEST} can't be read: {error.strerror}"
        raise PulsoError(what, "It must be an ordinary file") from None
    if len(text) > LONGEST_MANIFEST:
        raise PulsoError(f"{folder / MANIFEST} has more than {LONGEST_MANIFEST:,} bytes", "Do not use this pack")
    return text
