"""A line that somebody has made to be costly is refused with its reason, in bounded time and memory."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conf import ROOT
from ingest.formats.detect import LONGEST_LINE, LONGEST_POST

SECONDS = 5.0
"""Of CPU time, for a line of 8 MB."""
KILOBYTES = 400_000
READ = """
import re, sys, time
from collections import Counter
from pathlib import Path
from ingest.formats import Refused, parse, split
from ingest.formats.post import InvalidMessage
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
line = Path(sys.argv[1]).read_bytes()
before, began = peak(), time.process_time()
told = Counter()
for part in split(line):
    try:
        told[part.reason if isinstance(part, Refused) else parse(part.format, part.payload).post_id] += 1
    except InvalidMessage as error:
        told[str(error)] += 1
print(time.process_time() - began, peak() - before, told.total(), next(iter(told), ""))
"""
LINE, POST = LONGEST_LINE - 1_000, LONGEST_POST - 1_000
TWEET = b'"id":"1","author_id":"2","created_at":"2025-03-01T10:00:00.000Z","text":"ana"'


def fill(size: int, part: bytes) -> bytes:
    """Returns a part as often as it fits, with commas between."""
    return b",".join([part] * (size // (len(part) + 1)))


def numbered(size: int, part: bytes) -> bytes:
    """Returns parts with a number each."""
    return b",".join([part % number for number in range(size // (len(part) + 5))])


def v2(more: bytes, includes: bytes = b"{}") -> bytes:
    return b'{"data":{%b,%b},"includes":%b}' % (TWEET, more, includes)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "objects": (lambda: b"{}" * (LINE // 2), "not valid JSON"),
    "an array of objects": (lambda: b"[%b]" % fill(LINE, b"{}"), "wrong type"),
    "deep objects": (lambda: b'{"data":' * (LINE // 9) + b"1" + b"}" * (LINE // 9), "nested too deeply"),
    "deep arrays": (lambda: b'{"data":' + b"[" * (LINE // 2) + b"]" * (LINE // 2) + b"}", "nested too deeply"),
    "many keys": (lambda: b"{%b}" % numbered(LINE, b'"k%d":1'), "not a post in a known format"),
    "many keys in a post": (lambda: v2(numbered(LINE, b'"k%d":1')), "over-long post"),
    "a page of empty posts": (lambda: b'{"data":[%b]}' % fill(LINE, b"{}"), "posts, at most 10,000"),
    "a page of numbers": (lambda: b'{"data":[%b]}' % fill(LINE, b"1"), "posts, at most 10,000"),
    "a page of which each post refers to a large object": (
        lambda: b'{"data":[%b],"includes":{"users":[{"id":"2","x":"%b"}]}}'
        % (fill(800_000, b"{%b}" % TWEET), b"x" * 7_000_000),
        "a page of more than",
    ),
    "a Mastodon page of empty posts": (
        lambda: b'{"statuses":[%b],"accounts":[]}' % fill(LINE, b"{}"),
        "posts, at most 10,000",
    ),
    "a long number": (lambda: b'{"data":{"id":%b}}' % (b"9" * POST), ""),
    "many faults": (lambda: v2(b'"entities":{"hashtags":[%b]}' % fill(POST, b"{}")), ""),
    "many faults at the end": (
        lambda: v2(b'"entities":{"hashtags":[%b,%b]}' % (fill(POST - 5_000, b'{"tag":"a"}'), fill(4_000, b"{}"))),
        "",
    ),
    "many keys of attachments": (
        lambda: v2(
            b'"attachments":{"media_keys":[%b]}' % fill(POST // 2, b'"b"'),
            b'{"media":[%b]}' % numbered(POST // 2, b'{"media_key":"%d","alt_text":""}'),
        ),
        "",
    ),
    "many links": (
        lambda: v2(
            b'"entities":{"urls":[%b]},"note_tweet":{"text":"%b"}'
            % (numbered(POST // 2, b'{"start":%d,"end":4000,"url":"http://t.co/a"}'), b"http://t.co/ab" * (POST // 30)),
        ),
        "",
    ),
    "handles": (lambda: v2(b'"note_tweet":{"text":"%b"}' % (b"@a" * (POST // 2))), ""),
    "dots": (lambda: v2(b'"note_tweet":{"text":"%b"}' % (b"@a@." * (POST // 4))), ""),
    "a link to a host of many letters": (
        lambda: b'{"did":"did:plc:a","time_us":1741000000000000,"kind":"commit","commit":{"operation":"create",'
        b'"collection":"app.bsky.feed.post","rkey":"3l","record":{"$type":"app.bsky.feed.post","text":"a.b",'
        b'"createdAt":"2025-03-01T10:00:00.000Z","facets":[{"index":{"byteStart":0,"byteEnd":3},"features":[{"$type":'
        b'"app.bsky.richtext.facet#link","uri":"%b"}]}]}}}'
        % "".join(chr(0x4E00 + number % 20_000) for number in range(POST // 4)).encode(),
        "",
    ),
    "marks on one letter": (
        lambda: b'{"event":"update","server":"a.b","payload":{"id":"1","created_at":"2025-03-01T10:00:00.000Z",'
        b'"visibility":"public","content":"%b","account":{"id":"2","acct":"a","url":"https://a.b/@a"}}}'
        % ("a" + "\u0301" * (POST // 5) + "\u0323" * (POST // 5)).encode(),
        "",
    ),
    "what is no number": (lambda: b'{"data":[%b]}' % fill(LINE, b'-Infinity,"a"'), "posts, at most 10,000"),
    "broken text": (lambda: b"\xff" * LINE, "over-long line"),
    "halves of pairs": (lambda: v2(b'"lang":"%b"' % (b"\\ud800" * (POST // 6))), ""),
}  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux's /proc")
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_costly_line_is_refused_in_bounded_time_and_memory(kind: str, tmp_path: Path) -> None:
    make, reason = HOSTILE[kind]
    (tmp_path / "line").write_bytes(make())
    command = [sys.executable, "-c", READ, str(tmp_path / "line")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found = re.match(r"(\S+) (\d+) (\d+) (.*)", done.stdout)
    assert found, done.stdout
    seconds, kilobytes, parts, told = float(found[1]), int(found[2]), int(found[3]), found[4]
    assert parts == 1
    assert reason in told
    assert seconds < SECONDS
    assert kilobytes < KILOBYTES
