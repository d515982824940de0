"""A sheet comes back as people and their programs save it; what can't be understood is one line."""

from pathlib import Path

import pandas as pd
import pytest

from conf.errors import PulsoError
from readers.cli import main
from readers.output import BOM, write_frame
from readers.samples.answers import NO, YES, answer
from readers.samples.interval import Answers, corrected, stratified, wilson
from readers.samples.precision import precision_of
from readers.samples.sheet import COLUMNS, read_sheet

RULES = {"alias poe": 700, "hashtag gracepoe": 200, "handle sengracepoe": 100}
WORDS = ("yes", "yes", "no", "yes", "", "yes")


def rows(words: tuple[str, ...] = WORDS) -> list[dict[str, object]]:
    """Two rows for each rule, with these words in `right`."""
    made: list[dict[str, object]] = []
    for number, word in enumerate(words, 1):
        rule = list(RULES)[(number - 1) // 2]
        text = '=HYPERLINK("http://x")\nGrace "Poe"; said, \u202eso 😂'
        made.append({
            "number": number, "right": word, "text": text, "text_more": "", "matched": rule, "rule": rule,
            "event_at": pd.Timestamp("2016-05-01T12:00Z"), "post": "https://x.com/i/status/727000000000000001",
            "topic": "ph2016", "race": "president", "candidate": "poe", "rows": 6, "rule_posts": RULES[rule],
            "posts": 1000, "race_posts": 4000,
        })  # fmt: skip
    return made


def sheet(path: Path, *changes: tuple[str, str], words: tuple[str, ...] = WORDS) -> Path:
    """Writes a sheet as `sample` does, and changes its text."""
    file = path / "sheet.csv"
    frame = pd.DataFrame(rows(words), columns=list(COLUMNS))
    texts = [name for name in COLUMNS if frame[name].dtype == object]
    write_frame(frame.astype(dict.fromkeys(texts, "string")), "csv", file, BOM)
    text = file.read_text(encoding="utf-8-sig")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8-sig")
    return file


def semicolons(file: Path) -> str:
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    return str(frame.to_csv(sep=";", index=False, lineterminator="\r\n"))


def counts(file: Path) -> dict[str, Answers]:
    found = read_sheet(file)
    return {rule: found.answers(rule) for rule in found.rule_posts}


EXPECTED = {
    "alias poe": Answers(2, 2, 700),
    "hashtag gracepoe": Answers(1, 2, 200),
    "handle sengracepoe": Answers(1, 1, 100),
}


def test_a_sheet_begins_with_a_mark_and_holds_no_formula(tmp_path: Path) -> None:
    content = sheet(tmp_path).read_bytes()
    assert content.startswith(b"\xef\xbb\xbfnumber,right,text,")
    assert b"\"'=HYPERLINK" in content
    assert counts(sheet(tmp_path)) == EXPECTED


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("begin", ["", "sep=;\r\n"])
def test_as_spreadsheets_save_it(tmp_path: Path, code: str, begin: str) -> None:
    file = sheet(tmp_path)
    text = begin + semicolons(file)
    file.write_bytes(text.replace("yes", "sí").encode(code, errors="replace"))
    assert counts(file) == EXPECTED
    file.write_bytes((begin + semicolons(sheet(tmp_path)).replace(";", "\t")).encode(code, errors="replace"))
    assert sum(answers.read for answers in counts(file).values()) == 5


def test_as_pandas_saves_it(tmp_path: Path) -> None:
    file = sheet(tmp_path, words=("1", "1", "0", "1", "", "1"))
    pd.read_csv(file).to_csv(file, index=True)  # numbers have become 1.0 and 0.0, and there is one column more
    assert counts(file) == EXPECTED


def test_what_is_accepted() -> None:
    assert not set(map(answer, YES)) - {True}
    assert not set(map(answer, NO)) - {False}
    for word in ("Yes", " YES ", "Sí", "SI", "Ｙｅｓ", "TRUE", "'yes"):
        assert answer(word) is True, word
    assert [answer(word) for word in ("", "  ", "?")] == [None] * 3
    with pytest.raises(KeyError):
        answer("maybe")


def test_empty_rows_are_told_and_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precision", str(sheet(tmp_path, words=("yes", "yes", "x", "yes", "", "?")))]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "2 of 6 rows have no answer, and are not counted." in told
    assert "No row says no." in told
    assert "handle sengracepoe 100 0 not read" in told
    assert "25.0% as counted; not corrected: a rule is not read." in told


def test_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sheet(tmp_path)
    found = precision_of(read_sheet(file))
    assert found.overall == stratified(list(EXPECTED.values()))
    assert found.overall.value == pytest.approx(0.7 * 1 + 0.2 * 0.5 + 0.1 * 1)
    assert found.share == corrected(1000, 3000, found.overall)
    assert found.share.value == pytest.approx(900 / (900 + 3000))
    assert main(["precision", str(file)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "alias poe 700 2 2 100.0%" in told
    assert "Together: 90.0%" in told
    assert "25.0% as counted, 23.1% corrected" in told
    assert main(["precision", str(file), "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "rule,posts,rows,read,right,value,low,high"
    assert [line.split(",")[0] for line in lines[1:]] == [*RULES, "all", "share_posts"]


def test_missing_rows_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sheet(tmp_path)
    frame = pd.read_csv(file, dtype=str, keep_default_na=False).drop(index=[1])
    frame.to_csv(file, index=False)
    assert main(["precision", str(file)]) == 0
    assert "1 of the sample's 6 rows are not in the file" in " ".join(capsys.readouterr().out.split())


SPOILT = [
    (("yes", "maybe"), "row 2", "'maybe' is no answer"),
    ((",alias poe,2016", ",,2016"), "row", "its rule, or the number of the rule's posts, was changed"),
    ((",700,", ",1.2E+03,"), "row", "was changed"),
    ((",rule,", ",regel,"), "sheet.csv", "the column rule is missing"),
    ((",right,", ",rule,"), "sheet.csv", "the column right is missing"),
    ((",200,1000,", ",300,1000,"), "sheet.csv", "rows or numbers were changed"),
    ((",1000,4000", ",x,4000"), "row", "must be as they were"),
    (("number,right,text,text_more,matched,rule,", "a,b,c,d,e,f,"), "sheet.csv", "is no sample"),
]


@pytest.mark.parametrize(("change", "where", "what"), SPOILT)
def test_a_spoilt_sheet_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], where: str, what: str
) -> None:
    assert main(["precision", str(sheet(tmp_path, change))]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith("error: ")
    assert where in told.err
    assert what in told.err


def test_rows_of_a_rule_that_are_gone_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sheet(tmp_path)
    pd.read_csv(file, dtype=str, keep_default_na=False).iloc[2:].to_csv(file, index=False)
    assert main(["precision", str(file)]) == 2
    assert "its rules have 300 posts, but the candidate has 1,000" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0", b"\x00\x01\x02", b"a,b\n1,2\n", b"right,rule\n", b"\xff\xfea"],
)
def test_what_is_no_sheet_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    file = tmp_path / "other.csv"
    file.write_bytes(content)
    for path in (file, tmp_path / "none.csv", tmp_path):
        assert main(["precision", str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_nothing_answered_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precision", str(sheet(tmp_path, words=("",) * 6))]) == 1
    assert "no row has an answer" in capsys.readouterr().err


def test_wilsons_interval() -> None:
    """The figures are those of Newcombe (1998), table I, for 81 of 263 and 0 of 20, and of a whole that was read."""
    many = 10**12
    assert wilson(Answers(81, 263, many))[1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(Answers(0, 20, many))[1:] == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(Answers(3, 4, 4)) == (0.75, 0.75, 0.75)
    assert stratified([Answers(3, 4, 4), Answers(1, 1, 1)]) == pytest.approx((0.8, 0.8, 0.8))
    low = stratified([Answers(20, 20, many), Answers(20, 20, many)]).low
    assert low == pytest.approx(wilson(Answers(40, 40, 2 * many)).low)
    with pytest.raises(PulsoError):
        read_sheet(Path("/nowhere"))
