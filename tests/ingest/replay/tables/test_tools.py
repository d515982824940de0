"""The tables of twarc-csv, 4CAT, TCAT and Zeeschuimer give the same posts as the JSON of the same posts."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf.column_map import told_map
from ingest.formats import Refused, Unit, parse
from ingest.formats.post import Post
from ingest.replay.captures import open_captures
from ingest.replay.tables.table import Table, open_table
from tests.support.reported import case
from tests.support.tables import TOOLS, csv_of, flattened, header_of, table_of

ANA, BEN, CAI, DOA = (
    {"id": str(n), "username": name} for n, name in ((10, "Ana"), (11, "Ben_K"), (12, "cai"), (13, "doa"))
)
for each in (ANA, BEN, CAI, DOA):
    each["public_metrics"] = {"followers_count": 5, "following_count": 7}  # type: ignore[assignment]
LONG = "Rivera &amp; co: the whole story, told at length. " * 4 + "#Debate2025 with @cai"
OTHERS = [
    {
        "id": "1895000000000000101",
        "author_id": "11",
        "created_at": "2025-03-01T08:00:00.000Z",
        "text": LONG,
        "entities": {"hashtags": [{"tag": "Debate2025"}], "mentions": [{"username": "cai", "id": "12"}]},
    },
    {"id": "1895000000000000102", "author_id": "12", "created_at": "2025-03-01T08:00:00.000Z", "text": "A question"},
]


def _post(number: int, text: str, **more: Any) -> dict[str, Any]:
    post = {"id": str(1895000000000000200 + number), "author_id": "10", "created_at": "2025-03-01T10:00:00.000Z"}
    return {**post, "text": text, "lang": "en", **more}


def _refers(kind: str, to: int) -> list[dict[str, str]]:
    return [{"type": kind, "id": str(1895000000000000100 + to)}]


def _entities(tags: tuple[str, ...] = (), people: tuple[tuple[str, str], ...] = (), **more: Any) -> dict[str, Any]:
    mentions = [{"username": name, "id": id_} for name, id_ in people]
    return {"hashtags": [{"tag": tag} for tag in tags], "mentions": mentions, **more}


PAGE = {
    "data": [
        _post(
            1, 'Rivera, leads\nnow \u201cquoted\u201d, "doubled" &amp; 高市早苗 #選挙', entities=_entities(("選挙",))
        ),
        _post(
            2,
            f"RT @Ben_K: {LONG[:120]}…",
            referenced_tweets=_refers("retweeted", 1),
            entities=_entities((), (("Ben_K", "11"),)),
        ),
        _post(
            3,
            "@cai @doa I agree",
            referenced_tweets=_refers("replied_to", 2),
            in_reply_to_user_id="12",
            conversation_id="1895000000000000099",
            entities=_entities((), (("cai", "12"), ("doa", "13"))),
        ),
        _post(
            4,
            "See this #Debate2025 #rivera https://t.co/x",
            referenced_tweets=_refers("quoted", 1),
            entities=_entities(
                ("Debate2025", "rivera"),
                urls=[{"expanded_url": "https://twitter.com/Ben_K/status/1895000000000000101"}],
            ),
        ),
        _post(
            5,
            "@cai and look https://t.co/x",
            referenced_tweets=[*_refers("replied_to", 2), *_refers("quoted", 1)],
            in_reply_to_user_id="12",
            entities=_entities(
                (), (("cai", "12"),), urls=[{"expanded_url": "https://x.com/Ben_K/status/1895000000000000101"}]
            ),
        ),
        _post(6, "here", geo={"coordinates": {"type": "Point", "coordinates": [2.35, 48.85]}, "place_id": "p"}),
        _post(7, "@doa hello", in_reply_to_user_id="13", entities=_entities((), (("doa", "13"),))),
    ],
    "includes": {"users": [ANA, BEN, CAI, DOA], "tweets": OTHERS, "places": [{"id": "p", "full_name": "Paris"}]},
}
EDGES = (
    *("source", "post_id", "event_at", "author_id", "author", "kind", "lang", "folded"),
    *("retweet_of_author", "reply_to_author", "quote_of_author", "hashtags", "mentions", "lat", "lon"),
)
"""What polls, graphs and activity are made from."""


def opened(file: Path, columns: str | None = None) -> Table:
    [capture] = open_captures([str(file)])
    table = open_table(capture, columns)
    assert table is not None
    return table


def posts_of(table: Table) -> dict[str, Post]:
    found = {}
    for _, part in table.parts():
        assert isinstance(part, Unit), part
        post = parse(part.format, part.payload)
        found[post.post_id] = post
    return found


def from_json(posts: list[dict[str, Any]]) -> dict[str, Post]:
    return {post["id"]: parse("x_v2_flat", json.dumps(post).encode()) for post in posts}


def edges(post: Post) -> dict[str, object]:
    found = {name: getattr(post, name) for name in EDGES}
    return {name: sorted(value) if isinstance(value, list) else value for name, value in found.items()}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_told_by_its_header(tool: str) -> None:
    assert told_map(header_of(tool)) == tool


@pytest.mark.parametrize("tool", TOOLS)
def test_a_table_gives_the_same_edges_as_the_json_of_the_same_posts(tool: str, tmp_path: Path) -> None:
    posts = flattened(PAGE)
    file = tmp_path / "posts.csv"
    file.write_text(table_of(tool, posts), encoding="utf-8-sig")
    table = opened(file)
    assert table.notes[0] == f"{file}: read as {tool} (told by its columns)"
    read, expected = posts_of(table), from_json(posts)
    assert {i: edges(post) for i, post in read.items()} == {i: edges(post) for i, post in expected.items()}
    assert [post.kind for post in read.values()] == [
        "original",
        "retweet",
        "reply",
        "quote",
        "reply",
        *["original"] * 2,
    ]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_table_tells_the_conversation_s_first_post_where_its_tool_does(tool: str, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(table_of(tool, flattened(PAGE)), encoding="utf-8-sig")
    told = {post.root for post in posts_of(opened(file)).values()}
    assert told == ({None} if tool == "tcat" else {None, "1895000000000000099"})


def test_a_table_of_4cat_before_october_2022_is_told_too(tmp_path: Path) -> None:
    posts = flattened(PAGE)
    header, row_of = header_of("4cat-2022"), TOOLS["4cat"][1]
    file = tmp_path / "posts.csv"
    file.write_text(csv_of(header, ([row_of(post).get(name) for name in header] for post in posts)))
    table = opened(file)
    assert table.notes == [f"{file}: read as 4cat (told by its columns)"]
    read = list(posts_of(table).values())
    assert [post.kind for post in read] == ["original", "retweet", "reply", "quote", "reply", *["original"] * 2]
    assert (read[1].retweet_of_author, read[4].reply_to_author) == ("ben_k", "cai")


def test_twarc_csv_gives_the_whole_post(tmp_path: Path) -> None:
    posts = flattened(PAGE)
    file = tmp_path / "posts.csv"
    file.write_text(table_of("twarc-csv", posts))
    for post_id, post in posts_of(opened(file)).items():
        expected = from_json(posts)[post_id]
        others = {post.retweet_of_author, post.reply_to_author, post.quote_of_author}
        expected.accounts = [each for each in expected.accounts if each.split()[1] in others]  # mentions have no ids
        assert msgspec.structs.replace(post, said_kind=None) == expected
    found = {post.kind: post.accounts for post in posts_of(opened(file)).values()}
    assert (found["retweet"], found["quote"]) == (["11 ben_k"], ["11 ben_k"])


@pytest.mark.parametrize("tool", TOOLS)
def test_real_posts_in_both_shapes_give_the_same_edges(tool: str, tmp_path: Path, captures: Path) -> None:
    posts = [
        post
        for name in ("brexit", "noflat", "geo_tweets", "edited", "mentions_tweet")
        for line in (captures / "x_v2" / f"{name}.jsonl").read_text().splitlines()
        for post in flattened(json.loads(line))
    ]
    file = tmp_path / "posts.csv"
    file.write_text(table_of(tool, posts))
    read, expected = posts_of(opened(file)), from_json(posts)
    assert read.keys() == expected.keys()
    for name in ("kind", "author_id", "author", "event_at"):
        assert [getattr(post, name) for post in read.values()] == [getattr(expected[i], name) for i in read], name
    for name in ("retweet_of_author", "reply_to_author", "quote_of_author"):
        found = [(getattr(post, name), getattr(expected[i], name)) for i, post in read.items()]
        assert [pair for pair in found if None not in pair and pair[0] != pair[1]] == [], name
        lost = [pair for pair in found if pair[0] is None and pair[1] is not None]
        assert len(lost) <= len(found) / 50, (name, lost)  # named by ids of mentions alone, which tables lack
    own = [post for post in read.values() if post.kind != "retweet"]
    for name in ("hashtags", "mentions"):
        assert [{*getattr(p, name)} for p in own] == [{*getattr(expected[p.post_id], name)} for p in own], name


def test_22_a_reported_table_is_read_but_for_its_rounded_ids() -> None:
    table = opened(case("22"))
    assert table.mapped.title == "twarc-csv (told by its columns)"
    (_, read), (_, refused) = table.parts()
    assert isinstance(read, Unit)
    assert isinstance(refused, Refused)
    post = parse(read.format, read.payload)
    assert (post.post_id, post.author_id, post.text) == ("1895000000000000221", "501", "Rivera, leads\nnow")
    assert "was rounded" in refused.reason


def test_parquet_gives_what_the_csv_gives(tmp_path: Path) -> None:
    posts = flattened(PAGE)
    csv_file, parquet_file = tmp_path / "posts.csv", tmp_path / "posts"
    csv_file.write_text(table_of("twarc-csv", posts))
    header, row_of, _ = TOOLS["twarc-csv"]
    rows = [row_of(post) for post in posts]
    columns = {name: [None if (value := row.get(name)) is None else str(value) for row in rows] for name in header}
    pq.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), parquet_file)
    assert posts_of(opened(parquet_file)) == posts_of(opened(csv_file))
