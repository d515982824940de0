"""Files are told by their first bytes: packed, in archives, in any encoding, elsewhere. No engine is needed."""

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import zstandard

from conf import ROOT
from conf.errors import WrongUse
from ingest.replay import unpacking
from ingest.replay.captures import Capture, open_captures
from tests.support.reported import case

TWO = b'{"a": "\xc3\xa9 \xe6\x97\xa5"}\n{"b": 2}\n'
HALF = TWO.index(b"\n") + 1
FOUND = [b'{"a": "\xc3\xa9 \xe6\x97\xa5"}', b'{"b": 2}']


def read(content: bytes, folder: Path) -> tuple[list[bytes], Capture]:
    (folder / "file").write_bytes(content)
    [capture] = open_captures([str(folder / "file")])
    return [document.strip() for _, document in capture.documents() if document.strip()], capture


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def zstd(content: bytes, **options: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(**options)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(content) + packer.flush()


SKIPPED = struct.pack("<II", 0x184D2A53, 5) + b"notes"
TEXT = TWO.decode()
SPLIT = {"one": TWO[:HALF], "dir/two": TWO[HALF:]}
WAYS: dict[str, bytes] = {
    "plain": TWO,
    "with a byte order mark": b"\xef\xbb\xbf" + TWO,
    **{name: TEXT.encode(name) for name in ("utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")},
    "utf-16 with CRLF": TEXT.replace("\n", "\r\n").encode("utf-16"),
    "gzip": gzip.compress(TWO),
    "gzip of two members": gzip.compress(TWO[:HALF]) + gzip.compress(TWO[HALF:]),
    "gzip with zeros between and after": gzip.compress(TWO[:HALF]) + b"\0" * 70_000 + gzip.compress(TWO[HALF:]) + b"\0",
    "gzip of an empty member first": gzip.compress(b"", mtime=0) + gzip.compress(TWO),
    "zstd": zstd(TWO),
    "zstd of two frames": zstd(TWO[:HALF]) + zstd(TWO[HALF:]),
    "zstd with skippable frames": SKIPPED + zstd(TWO[:HALF]) + SKIPPED * 3 + zstd(TWO[HALF:]) + SKIPPED,
    "zstd with a long window": zstd(TWO, window_log=27),
    "bzip2 of two streams": bz2.compress(TWO[:HALF]) + bz2.compress(TWO[HALF:]),
    "xz of two streams, padded": lzma.compress(TWO[:HALF]) + b"\0" * 4 + lzma.compress(TWO[HALF:]),
    "lzma": lzma.compress(TWO, format=lzma.FORMAT_ALONE),
    "zip": zipped(SPLIT),
    "tar": tarred(SPLIT),
    "tar of gzip, packed by xz": lzma.compress(tarred({name: gzip.compress(part) for name, part in SPLIT.items()})),
    "zip in gzip": gzip.compress(zipped(SPLIT)),
    "zip of zstd with what a Mac adds": zipped({"__MACOSX/._one": b"\0\5\x16\7", "one": zstd(TWO)}),
    "utf-16 in gzip": gzip.compress(TEXT.encode("utf-16")),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_keep_a_capture(way: str, tmp_path: Path) -> None:
    found, capture = read(WAYS[way], tmp_path)
    assert found == FOUND
    assert (capture.broken, capture.unread, capture.notes) == ("", "", [])


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *(("13", 4), ("14", 4), ("15", 4), ("15b", 4), ("15c", 1), ("16", 1), ("17", 3), ("18", 4), ("18b", 4)),
        *(("18c", 4), ("19", 4), ("19b", 4), ("19c", 4), ("19e", 4), ("21", 7), ("48", 3), ("50", 6)),
    ],
)
def test_reported_files_are_read(name: str, count: int) -> None:
    capture = Capture(str(case(name)))
    assert len(list(capture.documents())) == count
    assert (capture.broken, capture.unread) == ("", "")
    assert bool(capture.notes) == (name == "19e"), "what follows the data is told"


@pytest.mark.parametrize(("name", "told"), [("22", "is a table"), ("54", "archive that X gives to an account's owner")])
def test_reported_files_that_are_not_read_are_named(name: str, told: str) -> None:
    capture = Capture(str(case(name)))
    assert list(capture.documents()) == []
    assert told in capture.unread


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\x89PNG\r\n", "a picture"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
        (b"\x80\x04\x95", "a Python pickle: write it as JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\n<!DOCTYPE html>", "a web page"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"[{'id': 1}]", "Python's notation"),
        (b"id;text\n1;x\n", "a table or other text, not JSON"),
        (b"id\ttext\n", "a table or other text, not JSON"),
        (b"hello", "text that is not JSON"),
        (b"\x01\x02\x03hello", "data of an unknown kind"),
        (zipped({"[Content_Types].xml": b"<?xml?>", "xl/x.xml": b""}), "an Office file: save the sheet as CSV"),
        (gzip.compress(b"hello", mtime=0), "text that is not JSON"),
        (zipped({"a.png": b"\x89PNG"}), "a file in which nothing is read: "),
        (zipped({"a": TWO}).replace(b"\x08\0", b"\x09\0"), "a file in which nothing is read: "),
    ],
)
def test_what_is_not_read_is_named(content: bytes, told: str, tmp_path: Path) -> None:
    found, capture = read(content, tmp_path)
    assert (found, capture.broken) == ([], "")
    assert capture.unread.startswith(f"{tmp_path}/file is {told}")


def test_a_first_line_that_is_no_json_hides_nothing(tmp_path: Path) -> None:
    assert read(b"connected\n" + TWO, tmp_path)[0] == [b"connected", *FOUND]


def test_a_file_that_is_packed_without_end_is_not_unpacked(tmp_path: Path) -> None:
    content = TWO
    for _ in range(unpacking.DEEPEST + 1):
        content = gzip.compress(content)
    assert "packed more than 5 times" in read(content, tmp_path)[1].unread
    assert read(gzip.decompress(content), tmp_path)[0] == FOUND


def test_other_files_of_an_archive_are_left_out_and_told(tmp_path: Path) -> None:
    found, capture = read(zipped({"a.png": b"\x89PNG", "b": TWO, "c.csv": b"a,b\n1,2\n"}), tmp_path)
    assert found == FOUND
    assert capture.notes == [
        f"{tmp_path}/file/a.png is a picture",
        f"{tmp_path}/file/c.csv is a table or other text, not JSON",
    ]


SHORT = gzip.compress(TWO, mtime=0)[:-12]
OFFICE = zipped({"[Content_Types].xml": b"<?xml?>"})


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: gzip.compress(tarred(files))], ids=["zip", "tar", "gz"])
@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (SHORT, "is damaged or truncated"),
        (zipped({"x": TWO})[:-9], "is damaged"),
        (zipped({"é": TWO}).replace("é".encode(), b"\xff\xfe"), "is damaged"),
        (OFFICE, "an Office"),
    ],
    ids=["gzip", "zip", "a name in no encoding", "Office"],
)
def test_a_file_of_an_archive_that_is_damaged_costs_none_of_the_others(
    pack: Callable[[dict[str, bytes]], bytes], bad: bytes, told: str, tmp_path: Path
) -> None:
    found, capture = read(pack({"bad": bad, "good": TWO}), tmp_path)
    assert found[-2:] == FOUND
    assert told in f"{capture.broken}{capture.notes}"
    assert f"{tmp_path}/file/bad is" in f"{capture.broken}{capture.notes}"


def test_of_many_damaged_files_the_first_are_named(tmp_path: Path) -> None:
    broken = read(zipped({f"{number}": SHORT for number in range(20)}), tmp_path)[1].broken
    assert (broken.count("is damaged"), broken.endswith("; and 15 more are damaged")) == (5, True)


def test_a_tar_whose_header_is_broken_says_that_there_is_more(tmp_path: Path) -> None:
    archive = bytearray(tarred({"one": TWO, "two": TWO}))
    archive[1024 + 148 : 1024 + 156] = b"000000\0 "  # the checksum of the second file
    found, capture = read(bytes(archive), tmp_path)
    assert (found, "what follows there has no header" in capture.broken) == (FOUND, True)


def test_a_place_names_the_file_in_the_archive(tmp_path: Path) -> None:
    (tmp_path / "z").write_bytes(zipped(SPLIT))
    assert [place for place, _ in Capture(f"{tmp_path}/z").documents()] == [
        f"{tmp_path}/z/one:1",
        f"{tmp_path}/z/dir/two:1",
    ]


@pytest.mark.parametrize("pack", [gzip.compress, zstd, bz2.compress, lzma.compress], ids=lambda pack: pack.__module__)
def test_what_is_whole_of_a_truncated_file_is_kept(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    lines = b"".join(b'{"n": %d, "x": "%d"}\n' % (n, n * n * 7919 % 10007) for n in range(60_000))
    found, capture = read(pack(lines)[:-1000], tmp_path)
    assert len(found) > 1_000
    assert "is damaged or truncated after" in capture.broken


def test_a_window_that_memory_does_not_hold_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_most_memory", lambda: 2**27)
    assert read(zstd(TWO, window_log=27), tmp_path)[0] == FOUND
    found, capture = read(zstd(TWO, window_log=28), tmp_path)
    assert found == []
    assert "packed with a window of 256 MiB, and this machine can spare 128 MiB" in capture.unread
    capture = Capture(str(case("48")))
    assert list(capture.documents()) == []
    assert "a window of 2.0 GiB" in capture.unread


EVENTS = b""":)

event: update
data: {"id": "1",
data: "content": "x"}

: heartbeat
event: delete
data: 5

event: filters_changed
data: undefined

data: {"last": 1}"""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_server_sent_events(end: bytes, tmp_path: Path) -> None:
    found, _ = read(EVENTS.replace(b"\n", end), tmp_path)
    assert found == [
        b'{"event":"update","payload":{"id": "1",\n"content": "x"}}',
        b'{"event":"delete","payload":5}',
        b'{"event":"filters_changed"}',
        b'{"event":"message","payload":{"last": 1}}',
    ]


PEAK = """
import re, sys
from pathlib import Path
from ingest.replay.captures import open_captures
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
[capture] = open_captures([sys.argv[1]])
count = sum(1 for _ in capture.documents())
print(count, peak() - before, capture.broken, capture.unread)
"""
LINE = b'{"data": {"id": "1", "text": "%s"}}' % (b"x" * 900)
COUNT = 120_000
"""So many lines are 112 MB. Of zstd data, up to 64 MiB are unpacked at once."""
LARGE: dict[str, Callable[[], bytes]] = {
    "lines": lambda: (LINE + b"\n") * COUNT,
    "no line ends": lambda: LINE * COUNT,
    "an array in one line": lambda: b"[" + (LINE + b",") * COUNT + b"]",
    "pretty-printed": lambda: LINE.replace(b"{", b"{\n  ").replace(b"}", b"\n}") * COUNT,
    "a byte order mark": lambda: b"\xef\xbb\xbf" + (LINE + b"\n") * COUNT,
    "utf-16": lambda: ((LINE + b"\n") * COUNT).decode().encode("utf-16"),
    "utf-32": lambda: ((LINE + b"\n") * COUNT).decode().encode("utf-32"),
    "gzip": lambda: gzip.compress((LINE + b"\n") * COUNT, 1),
    "zstd": lambda: zstd((LINE + b"\n") * COUNT),
    "bzip2": lambda: bz2.compress((LINE + b"\n") * COUNT, 1),
    "xz": lambda: lzma.compress((LINE + b"\n") * COUNT, preset=0),
    "zip": lambda: zipped({"a": (LINE + b"\n") * COUNT}),
    "tar": lambda: tarred({"a": (LINE + b"\n") * COUNT}),
}


on_linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux's /proc"
)


def peak_of(file: Path) -> list[str]:
    """Returns how many documents a file has, and by how many kB a process grew that read them, and what is wrong."""
    command = [sys.executable, "-c", PEAK, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()


@on_linux
@pytest.mark.parametrize("kind", LARGE)
def test_memory_does_not_grow_with_the_file(kind: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE[kind]())
    count, kilobytes = peak_of(tmp_path / "large")
    assert int(count) == COUNT
    assert int(kilobytes) < 75_000


SIZE = 90_000_000
LONG: dict[str, Callable[[], bytes]] = {
    "a long text": lambda: b'{"data": {"text": "' + b"x" * SIZE + b'"}}',
    "a text that does not end": lambda: b'{"data": {"text": "' + b"x" * SIZE,
    "no JSON": lambda: LINE + b"\n" + b"x" * SIZE,
    "braces": lambda: b'{"a":' * (SIZE // 6),
    "brackets": lambda: b'{"a":' + b"[" * SIZE,
    "quotes": lambda: b'{"a":' + b'"' * SIZE,
    "an event": lambda: b"data: {}\n\ndata: " + b"x" * SIZE + b"\n",
}


@on_linux
@pytest.mark.parametrize("kind", LONG)
def test_memory_does_not_grow_with_a_line(kind: str, tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(LONG[kind]() + b"\n" + LINE + b"\n")
    count, kilobytes, *_ = peak_of(tmp_path / "long")
    assert 1 <= int(count) < 30
    assert int(kilobytes) < 75_000


class TestElsewhere:
    """Addresses, by a server of this machine."""

    @pytest.fixture
    def address(self, tmp_path: Path) -> Iterator[str]:
        (tmp_path / "two.jsonl.gz").write_bytes(gzip.compress(TWO))
        (tmp_path / "z").write_bytes(zipped(SPLIT))
        handler = partial(_Quiet, directory=str(tmp_path))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    @pytest.mark.parametrize("name", ["two.jsonl.gz", "z"])
    def test_a_file_is_read(self, address: str, name: str) -> None:
        [capture] = open_captures([f"{address}/{name}"])
        assert [document.strip() for _, document in capture.documents()] == FOUND
        assert capture.position == capture.size

    def test_what_is_not_there_is_wrong_use(self, address: str) -> None:
        with pytest.raises(WrongUse, match="can't be read: FileNotFoundError"):
            open_captures([f"{address}/none"])

    def test_an_address_without_encryption_is_wrong_use_except_on_this_machine(self) -> None:
        with pytest.raises(WrongUse, match="not encrypted"):
            open_captures(["http://example.org/posts.jsonl"])

    def test_a_library_that_is_missing_is_named_with_the_fix_and_no_login_is_shown(self) -> None:
        with pytest.raises(WrongUse) as caught:
            open_captures(["s3://bucket/posts.jsonl?signature=secret"])
        assert "s3fs" in str(caught.value)
        assert "secret" not in str(caught.value)
        assert "requirements-remote.txt" in str(caught.value.fix)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
