"""Column maps: what they may say, what is told before a row is read, and what cells become."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from conf.column_map import load_map, ready_names, told_map
from conf.errors import PulsoError, WrongUse
from ingest.formats import Refused, Unit, parse
from ingest.formats.post import Post
from ingest.replay.captures import open_captures
from ingest.replay.tables.cells import identifier, several, two_degrees, whole_number
from ingest.replay.tables.table import Table, open_table
from tests.ingest.replay.test_kinds import zipped
from tests.support.tables import csv_of

HEADER = ["Tweet ID", "Date", "User", "User ID", "Tweet", "Type"]
ROW = ["1895000000000000221", "01/03/2025 11:00", "Ana", "501", "Rivera #vote @ben", "tweet"]
MAP = """
network: x
columns:
  id: Tweet ID
  time: {column: Date, format: "%d/%m/%Y %H:%M", zone: Europe/Paris}
  author: User
  author_id: User ID
  text: Tweet
"""


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "zip": lambda content: zipped({"posts.csv": content}),
}


class Files:
    """A table and a map in a folder."""

    def __init__(self, folder: Path) -> None:
        self.table, self.map = folder / "posts.csv", folder / "map.yaml"
        self.map.write_text(MAP)

    def write(
        self, *rows: list[str], header: list[str] = HEADER, separator: str = ",", encoding: str = "utf-8"
    ) -> None:
        self.table.write_bytes(csv_of(header, rows, separator).encode(encoding))

    def open(self, columns: str | None = "", table: Path | None = None) -> Table | None:
        [capture] = open_captures([str(table or self.table)])
        return open_table(capture, str(self.map) if columns == "" else columns)

    def parts(self, columns: str | None = "") -> list[Post | Refused | None]:
        table = self.open(columns)
        assert table
        return [parse(part.format, part.payload) if isinstance(part, Unit) else part for _, part in table.parts()]

    def one(self) -> Post:
        [post] = self.parts()
        assert isinstance(post, Post), post
        return post

    def refusal(self) -> str:
        with pytest.raises(PulsoError) as caught:
            self.open()
        return str(caught.value)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def row(**changes: str) -> list[str]:
    return [changes.get(name.replace(" ", "_"), value) for name, value in zip(HEADER, ROW, strict=True)]


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [(",", "utf-8-sig"), (";", "cp1252"), ("\t", "utf-16"), ("|", "utf-8"), (";", "utf-16-le")],
)
def test_a_map_in_a_file_reads_what_excel_writes(files: Files, separator: str, encoding: str) -> None:
    files.write(row(Tweet="Café, Rivera;\n#vote @ben"), separator=separator, encoding=encoding)
    post = files.one()
    assert (post.post_id, post.author_id, post.author, post.kind) == ("1895000000000000221", "501", "ana", "original")
    assert post.event_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert (post.text, post.hashtags, post.mentions) == ("Café, Rivera;\n#vote @ben", ["vote"], ["ben"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("pack", WAYS)
def test_a_packed_table_is_read_as_the_plain_one(files: Files, pack: str, encoding: str) -> None:
    files.write(row(Tweet="Café"), encoding=encoding)
    files.table.write_bytes(WAYS[pack](files.table.read_bytes()))
    assert files.one().text == "Café"


def test_what_stands_behind_a_table_in_an_archive_is_told(files: Files) -> None:
    files.write(row())
    content = files.table.read_bytes()
    files.table.write_bytes(zipped({"a.csv": content, "b.csv": content}))
    table = files.open()
    assert table
    assert len(list(table.parts())) == 1
    [note] = table.capture.notes
    assert note.startswith(f"{files.table}/b.csv stands behind a table and is left out")


def test_a_packed_parquet_file_is_told(files: Files) -> None:
    files.table.write_bytes(gzip.compress(b"PAR1" + b"x" * 1000))
    assert "Parquet that is packed" in files.refusal()


def test_a_constant_and_a_flag_of_several_words(files: Files) -> None:
    files.map.write_text(f"{MAP}  language: {{constant: fr}}\n  is_retweet: {{column: Type, when: [RT, share]}}\n")
    files.write(row(), row(Tweet_ID="2", Type="Share", Tweet="RT @Ben: hello"))
    first, second = files.parts()
    assert isinstance(first, Post)
    assert isinstance(second, Post)
    assert (first.lang, first.kind, second.kind) == ("fr", "original", "retweet")
    assert (second.retweet_of_author, second.text) == ("ben", "hello")


@pytest.mark.parametrize(
    ("text", "mentions"),
    [("RT @Ben: hello @Cem", ["cem"]), ("RT @Ben: @ben and @Cem", ["cem", "ben"]), ("RT @Ben: hello", [])],
)
def test_who_is_retweeted_is_mentioned_only_if_the_text_says_so(files: Files, text: str, mentions: list[str]) -> None:
    listed = "; ".join(dict.fromkeys(["ben", *(name for name in mentions if name != "ben")]))
    files.map.write_text(f"{MAP}  mentions: Mentions\n")
    files.write([*row(Tweet=text), listed], header=[*HEADER, "Mentions"])
    assert (files.one().kind, files.one().mentions) == ("retweet", mentions)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("  texts: Tweet\n", "map.yaml:9: columns.texts: unknown key. Did you mean text?"),
        ("  language: Langue\n", "map.yaml: "),
        ("  hashtags: Typ\n", "has no column 'Typ'. Did you mean 'Type'?"),
        ("  lat: {constant: '1', column: Type}\n", "give the column's name, or {constant: VALUE}"),
    ],
)
def test_a_mistake_in_a_map_is_told_before_a_row_is_read(files: Files, bad: str, told: str) -> None:
    files.write(row())
    files.map.write_text(MAP + bad)
    assert told in files.refusal()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("  text: Tweet\n", "columns.text: is missing. Add it"),
        ('  time: {column: Date, format: "%d/%m/%Y %H:%M", zone: Europe/Paris}\n', "columns.time: is missing. Add it"),
        ("network: x\n", "network: is missing. Add it"),
    ],
)
def test_what_a_map_lacks_is_told(files: Files, line: str, told: str) -> None:
    files.write(row())
    files.map.write_text(MAP.replace(line, ""))
    assert told in files.refusal()


def test_a_map_without_an_author_is_refused(files: Files) -> None:
    files.write(row())
    files.map.write_text(MAP.replace("  author: User\n  author_id: User ID\n", ""))
    assert "which column tells who wrote the post" in files.refusal()


@pytest.mark.parametrize(
    ("cell", "format_"), [("%d.%m.%y", True), ("%H:%M", False), ("iso", False), ("unix", True), ("%m/%d/%Y", True)]
)
def test_a_format_of_times_has_a_date(files: Files, cell: str, format_: bool) -> None:
    files.map.write_text(MAP.replace("%d/%m/%Y %H:%M", cell))
    if format_:
        assert load_map(str(files.map)).columns.time.format == cell
    else:
        with pytest.raises(WrongUse, match="must be unix, unix_ms, or a date"):
            load_map(str(files.map))


def test_a_map_that_is_nowhere_gets_a_suggestion() -> None:
    with pytest.raises(WrongUse, match=r"Did you mean twarc-csv\?"):
        load_map("twarc_csv")
    assert ready_names() == ["4cat", "tcat", "twarc-csv", "zeeschuimer"]
    assert told_map(["id", "body"]) is None


def test_every_ready_map_is_valid_and_tells_itself() -> None:
    for name in ready_names():
        map_ = load_map(name)
        assert told_map([*map_.names, *map_.told_by]) == name


def test_a_table_that_no_ready_map_fits_is_told_in_one_line(files: Files) -> None:
    files.write(row())
    with pytest.raises(WrongUse, match=r"posts.csv is a table that no ready map .*its columns are Tweet ID, Date"):
        files.open(None)


@pytest.mark.parametrize(
    "content", [b'{"data": 1}\n', b"[1, 2, 3]\n", b"window.YTD.tweets.part0 = [\n", b"", b"\x00\x01"]
)
def test_what_is_no_table_stays_what_it_is(files: Files, content: bytes) -> None:
    files.table.write_bytes(content)
    assert files.open(None) is None


def test_json_with_a_map_is_told(files: Files) -> None:
    files.table.write_bytes('{"data": 1}\n'.encode("utf-16"))
    assert "holds JSON, not a table. Leave --columns out" in files.refusal()


@pytest.mark.parametrize("id_", ["1.895E+18", "1,895E+18", "1.895e18", "1.89500000000000022e+18"])
def test_ids_that_a_spreadsheet_destroyed_are_refused_with_the_fix(files: Files, id_: str) -> None:
    files.write(row(), row(Tweet_ID=id_), row(User_ID=id_))
    good, *bad = files.parts()
    assert isinstance(good, Post)
    for part in bad:
        assert isinstance(part, Refused)
        assert "rounded by a spreadsheet" in part.reason
        assert "import this column as text" in part.reason


def test_a_file_of_destroyed_ids_is_refused_before_a_row_is_queued(files: Files) -> None:
    files.write(*(row(Tweet_ID="1.895E+18") for _ in range(5)))
    assert "none of its first 5 rows can be read; row 2: id '1.895E+18' was rounded" in files.refusal()
    files.write(*(row(Tweet_ID=f"1895{n:011}0000") for n in range(5)))
    assert "5 of its first 5 ids end in zeros" in files.refusal()


def test_an_id_that_ends_in_zeros_by_chance_is_kept(files: Files) -> None:
    files.write(*(row(Tweet_ID=str(1895000000000000000 + n)) for n in range(100)))
    assert sum(isinstance(part, Post) for part in files.parts()) == 100


@pytest.mark.parametrize(
    ("cell", "id_"),
    [
        ('="1895000000000000221"', "1895000000000000221"),
        ("'1895000000000000221", "1895000000000000221"),
        ("https://twitter.com/ana/status/1895000000000000221?s=20", "1895000000000000221"),
        ("501.0", "501"),
        (" 77 ", "77"),
    ],
)
def test_ids_that_are_written_in_other_ways_are_read(files: Files, cell: str, id_: str) -> None:
    files.write(row(Tweet_ID=cell))
    assert files.one().post_id == id_


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("", "empty id"),
        ("abc", "is no id of X"),
        ("1٣", "is no id of X"),
        ("-1", "is no id of X"),
        ("9" * 20, "is no id of X"),
    ],
)
def test_what_is_no_id_is_refused(files: Files, cell: str, told: str) -> None:
    files.write(row(), row(Tweet_ID=cell))
    _, bad = files.parts()
    assert isinstance(bad, Refused)
    assert told in bad.reason


@pytest.mark.parametrize(
    "time",
    [
        "2025-03-01T10:00:00.000Z",
        "2025-03-01 10:00:00",
        "2025-03-01 11:00:00+01:00",
        "2025-03-01 10:00:00 +0000",
        "2025-03-01 10:00:00 UTC",
        "Sat Mar 01 10:00:00 +0000 2025",
        "1740823200",
        "1740823200000",
    ],
)
def test_times_that_explain_themselves_need_no_format(files: Files, time: str) -> None:
    files.map.write_text(MAP.replace('{column: Date, format: "%d/%m/%Y %H:%M", zone: Europe/Paris}', "Date"))
    files.write(row(Date=time))
    assert files.one().event_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    table = files.open()
    assert table
    assert any("times name no zone" in note for note in table.notes) is (time == "2025-03-01 10:00:00")


def test_a_date_that_can_be_read_in_two_ways_asks_for_its_format(files: Files) -> None:
    files.map.write_text(MAP.replace('{column: Date, format: "%d/%m/%Y %H:%M", zone: Europe/Paris}', "Date"))
    files.write(row())
    assert "does not say what is day and what is month; give its format in the map" in files.refusal()


def test_a_wrong_format_is_told_before_a_row_is_queued(files: Files) -> None:
    files.map.write_text(MAP.replace("%d/%m/%Y", "%m-%d-%Y"))
    files.write(row(), row())
    assert "none of its first 2 rows can be read; row 2: time '01/03/2025 11:00' is not in the map's" in files.refusal()


def test_a_table_with_handles_alone_has_accounts_by_handle(files: Files) -> None:
    files.map.write_text(MAP.replace("  author_id: User ID\n", ""))
    files.write(row(User="@Ana_K"))
    post = files.one()
    assert (post.author_id, post.author) == ("@ana_k", "ana_k")
    table = files.open()
    assert table
    assert any("an account is its handle" in note for note in table.notes)


def test_what_columns_are_missing_is_said(files: Files) -> None:
    files.write(row())
    table = files.open()
    assert table
    assert [note.removeprefix(f"{files.table}: ") for note in table.notes] == [
        f"read as {files.map}",
        "no column tells replies or quotes: they count as other posts do",
        "no column tells retweets: a text that begins with RT @name: is one",
        "no column has hashtags or mentions: the text tells them",
    ]


def test_a_text_in_another_alphabet_asks_for_its_encoding(files: Files) -> None:
    files.write(row(Tweet="Привет всем"), encoding="cp1251")
    assert "is neither UTF-8 nor cp1252" in files.refusal()
    files.map.write_text(f"encoding: cp1251\n{MAP}")
    assert files.one().text == "Привет всем"


def test_numbers_of_parquet_that_can_hold_no_id_are_refused(files: Files, tmp_path: Path) -> None:
    table = tmp_path / "posts.parquet"
    times = pa.array([datetime(2025, 3, 1, 10, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC"))
    columns = {"Tweet ID": pa.array([1895000000000000221, 2]), "Date": times, "User": ["a", "b"], "Tweet": ["x", "y"]}
    for ids, good in ((pa.array([501, 502]), 2), (pa.array([501.0, 1.895e18]), 1)):
        pq.write_table(pa.table({**columns, "User ID": ids}), table)
        opened = files.open(table=table)
        assert opened
        parts = [part for _, part in opened.parts()]
        assert sum(isinstance(part, Unit) for part in parts) == good
        assert isinstance(parts[0], Unit)
        assert parse(parts[0].format, parts[0].payload).post_id == "1895000000000000221"


def test_a_damaged_parquet_file_is_one_line(files: Files) -> None:
    files.table.write_bytes(b"PAR1" + b"x" * 1000)
    assert "is no whole Parquet file" in files.refusal()


ODD_COLUMNS = {
    "Tweet ID": pa.array(["1", "2", "3"]),
    "User ID": pa.array(["5"] * 3),
    "User": pa.array(["a"] * 3),
    "Tweet": pa.array([b"caf\xe9", b"two", b"three"]).view(pa.string()),
}


def odd_parquet(files: Files, zone: str) -> Table | None:
    instants = pa.array([1_740_823_200_000_000, 2**61, 1_740_823_200_000_000])
    table = files.table.with_suffix(".parquet")
    pq.write_table(pa.table({**ODD_COLUMNS, "Date": instants.cast(pa.timestamp("us", zone))}), table)
    return files.open(table=table)


def test_what_python_can_not_hold_costs_its_row_of_parquet_alone(files: Files) -> None:
    opened = odd_parquet(files, "UTC")
    assert opened
    parts = [part for _, part in opened.parts()]
    assert [isinstance(part, Unit) for part in parts] == [True, False, True]
    assert isinstance(parts[0], Unit)
    assert parse(parts[0].format, parts[0].payload).text == "caf\ufffd"


def test_times_of_a_zone_that_nobody_knows_are_told(files: Files) -> None:
    with pytest.raises(PulsoError, match="can be read; row 2: time '1740823200000000 us since 1970'"):
        odd_parquet(files, "Mars/Base")


def test_a_bluesky_table_with_uris_names_accounts_by_did(files: Files) -> None:
    files.map.write_text(
        "network: bluesky\ncolumns:\n"
        "  {id: uri, time: at, text: text, author: handle, retweet_of: repost, reply_to: parent}\n"
    )
    other = "at://did:plc:other/app.bsky.feed.post/3lbbb"
    rows = [
        ["at://did:plc:me/app.bsky.feed.post/3laaa", "2025-03-01T10:00:00Z", "hi", "me.bsky.social", "", other],
        ["at://did:plc:me/app.bsky.feed.post/3laac", "2025-03-01T10:00:00Z", "", "me.bsky.social", other, ""],
    ]
    files.write(*rows, header=["uri", "at", "text", "handle", "repost", "parent"])
    reply, repost = files.parts()
    assert isinstance(reply, Post)
    assert isinstance(repost, Post)
    assert (reply.post_id, reply.author_id, reply.author) == ("did:plc:me/3laaa", "did:plc:me", "did:plc:me")
    assert (reply.kind, reply.reply_to, reply.reply_to_author) == ("reply", "did:plc:other/3lbbb", "did:plc:other")
    assert (repost.kind, repost.retweet_of_author) == ("retweet", "did:plc:other")


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ('[{"tag": "a"}, {"tag": "b"}]', ["a", "b"]),
        ("[{'start': 1, 'tag': 'a'}, {'tag': \"it's\", 'n': None, 'x': nan}]", ["a", "it's"]),  # by pandas
        ("[{'url': 'https://t.co/a', 'expanded_url': 'https://n.example/a,b', 'ok': True}]", ["https://n.example/a,b"]),
        ("['a', 'b']", ["a", "b"]),
        ("[{'tag': 'a', ", []),
        ("[{", []),
        ("[{}, {]", []),
        ("a; b|c d", ["a", "b", "c", "d"]),
    ],
)
def test_a_list_is_read_in_each_notation(cell: str, values: list[str]) -> None:
    assert several(cell, links="http" in cell) == values


@pytest.mark.parametrize("piece", ["'", '"', "\\", "'\\", "{'", "None"])
def test_a_hostile_list_takes_no_long_time(piece: str) -> None:
    several("[{" + piece * 200_000)  # a step that looks back through all of it would need minutes


def test_a_hostile_cell_is_no_value_and_takes_no_long_time() -> None:
    quotes = '="' + '"' * 200_000
    assert identifier(f"{quotes}x", "x") == f"{quotes}x"
    assert (identifier(f"{quotes}12{quotes[2:]}", "x"), identifier("\u201912", "x")) == ("12", "12")
    assert [whole_number(each) for each in ("9" * 5000, "9" * 19, 1e300, "1,234")] == [None, None, None, 1234]
    assert [two_degrees(each) for each in ([None, 2], ["a", "b"], "[2.5, 48]")] == [[], [], [2.5, 48.0]]
    assert several("[" * 100_000) == []


def test_names_that_yaml_takes_for_truth_values_are_names(files: Files) -> None:
    files.map.write_text("network: x\ncolumns: {id: No, time: On, author: Y, text: Off, language: {constant: no}}\n")
    files.write(["1", "2025-03-01", "ana", "hello"], header=["No", "On", "Y", "Off"])
    assert (files.one().text, files.one().lang) == ("hello", "no")


def test_an_encoding_that_is_none_is_told(files: Files) -> None:
    files.write(row())
    for name in ("cp125", "rot13"):
        files.map.write_text(f"encoding: {name}\n{MAP}")
        assert "encoding: no such encoding" in files.refusal()
