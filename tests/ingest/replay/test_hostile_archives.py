"""Archives and names that are made to do harm, or that were made without care. No engine is needed."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from ingest.replay import event_stream
from ingest.replay.captures import Capture, open_captures
from ingest.views import ReplayView
from tests.ingest.replay.test_kinds import FOUND, TWO, read, tarred, zipped

ONE = tarred({"one": TWO})[:1024]
"""A tar of one file, without the blocks that end it."""


def header(type_: bytes, size: int, **more: str) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size, info.pax_headers = type_, size, more
    return info.tobuf(tarfile.PAX_FORMAT if more else tarfile.GNU_FORMAT)


LINK = header(tarfile.GNUTYPE_LONGNAME, 4) + b"name".ljust(512, b"\0")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (header(tarfile.GNUTYPE_LONGNAME, 2**33), "a header of 8,589,934,592 bytes"),
        (header(tarfile.XHDTYPE, 2**33), "a header of 8,589,934,592 bytes"),
        (LINK * 3000, "a broken header"),
        (header(tarfile.GNUTYPE_SPARSE, 512), "a file with holes"),
        (header(tarfile.REGTYPE, 512, **{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}), "a file with holes"),
        (header(tarfile.XHDTYPE, 512) + b"20 hdrcharset=\xff\xff\n".ljust(512, b"\0"), "a broken header"),
    ],
    ids=["name", "pax", "chain", "holes", "holes by pax", "charset"],
)
@pytest.mark.parametrize("before", [ONE, b""], ids=["second", "first"])
def test_a_header_of_a_tar_asks_in_vain(before: bytes, bad: bytes, told: str, tmp_path: Path) -> None:
    found, capture = read(before + bad + b"\0" * 1024, tmp_path)
    assert found == (FOUND if before else [])
    assert told in capture.broken


def test_a_long_name_is_read(tmp_path: Path) -> None:
    name = "/".join(["folder"] * 200)
    for format_ in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        member = tarfile.TarInfo(name)
        member.size = len(TWO)
        (tmp_path / "tar").write_bytes(member.tobuf(format_) + TWO.ljust(512, b"\0") + b"\0" * 1024)
        assert [place for place, _ in Capture(f"{tmp_path}/tar").documents()][:1] == [f"{tmp_path}/tar/{name}:1"]


def tar_named(name: str) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = len(TWO)
    return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + TWO.ljust(512, b"\0") + b"\0" * 1024


@pytest.mark.parametrize("pack", [tar_named, lambda name: zipped({name: TWO})], ids=["tar", "zip"])
def test_a_name_in_an_archive_is_shown_as_text(pack: Callable[[str], bytes], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(pack("a\x1b[2J\nb"))
    assert next(place for place, _ in Capture(f"{tmp_path}/file").documents()) == f"{tmp_path}/file/a\ufffd[2J b:1"


def test_a_name_that_is_no_text_costs_no_post(tmp_path: Path) -> None:
    (tmp_path / "tar").write_bytes(tar_named("donn\udce9es"))
    own = tmp_path / os.fsdecode(b"donn\xe9es.jsonl")
    own.write_bytes(TWO)
    for file, told in (("tar", "tar/donn\ufffdes"), (own.name, "donn\ufffdes.jsonl")):
        [capture] = open_captures([f"{tmp_path}/{file}"])
        assert [place.encode().decode() for place, _ in capture.documents()] == [
            f"{tmp_path}/{told}:1",
            f"{tmp_path}/{told}:2",
        ]


def test_a_name_is_not_read_as_markup() -> None:
    shown = Console(file=io.StringIO(), force_terminal=True, width=200)
    with Progress(console=shown) as display:
        ReplayView(display, display.add_task("replay", total=None, note=""), Capture("[/posts].jsonl"))
        assert "[/posts].jsonl" in "".join(each.text for each in shown.render(display.get_renderable()))


def test_an_event_of_many_lines_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LONGEST_LINE", 100)
    found, _ = read(b"event: update\n" + b"data:\n" * 10_000 + b"\ndata: 1\n\n", tmp_path)
    assert [len(one) < 200 for one in found] == [True, True]
    assert found[1] == b'{"event":"message","payload":1}'
