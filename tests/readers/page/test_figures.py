"""What the page is drawn with: texts of strangers, addresses, lines, colours, the vendored script."""

import itertools
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from conf.errors import WrongUse
from conf.topic import Topic, parse_topic
from readers.page import colours
from readers.page.address import view_of
from readers.page.lines import NARROW, WIDE, Line, Mark, Size, Span, chart
from readers.page.rendering import HTMX, STATIC
from readers.page.texts import duration, isolated, points, post_link, shown, span, web_link, wrapped
from readers.polls.poll import changes
from readers.runs.rhythm import next_run

TOPIC = """topic: t
timezone: Asia/Manila
races:
  - {id: a, candidates: [{id: x, name: X, aliases: [x]}]}
  - {id: b, candidates: [{id: y, name: Y, aliases: [y]}]}
"""


@pytest.fixture
def topic() -> Topic:
    return parse_topic(TOPIC, "t.yaml")


def test_the_vendored_script_is_the_one_that_was_taken() -> None:
    digest = sha256((STATIC / HTMX).read_bytes()).hexdigest()
    assert digest == "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"  # htmx.org 4.0.1, npm
    assert "Zero-Clause BSD" in (STATIC / "htmx-LICENSE.txt").read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ana\n\tBob", "Ana Bob"),
        ("a\u202eb\u2066c", "abc"),
        ("\x00\x1b[31m", "\ufffd\ufffd[31m"),
        ("x" * 10_000, "x" * 299 + "…"),
        ("Z" + "\u0301" * 500 + "a", "Z" + "\u0301" * 4 + "a"),
        ("มิ้ม", "มิ้ม"),
        ("👩‍👩‍👧‍👦" * 2, "👩‍👩‍👧‍👦" * 2),
        (None, ""),
        ("İstanbul أحمد 田中", "İstanbul أحمد 田中"),
    ],
)
def test_a_strangers_text_plays_no_tricks(text: str | None, expected: str) -> None:
    assert shown(text) == expected


def test_a_name_in_a_sentence_turns_no_figure_around() -> None:
    assert (isolated("İsmail 田中"), isolated("أحمد Ana")) == ("İsmail 田中", "\u2068أحمد Ana\u2069")


def test_a_text_is_never_cut_within_a_letter() -> None:
    assert shown("👩‍👩‍👧‍👦" * 10, 20) in ("👩‍👩‍👧‍👦" + "…", "👩‍👩‍👧‍👦" * 2 + "…")


def test_names_wrap_in_pictures() -> None:
    assert wrapped("Miriam Defensor Santiago", 16) == ["Miriam Defensor", "Santiago"]
    assert wrapped("田中角栄", 10) == ["田中角栄"]
    assert wrapped("x" * 200, 16) == ["x" * 16, "x" * 15 + "…"]
    assert wrapped("とても長い名前の候補者", 10) == ["とても長い", "名前の候…"]


@pytest.mark.parametrize(
    ("source", "post", "link"),
    [
        ("x", "123", "https://x.com/i/status/123"),
        ("x", "123/../../evil", ""),
        ("x", "javascript:alert(1)", ""),
        ("x", "١٢٣", ""),
        ("bluesky", "did:plc:abc/3k", "https://bsky.app/profile/did:plc:abc/post/3k"),
        ("bluesky", "did:plc:abc/3k?x#y", ""),
        ("bluesky", "javascript:x/3k", ""),
        ("mastodon", "5", "https://m.example/statuses/5"),
        ("mastodon", "5/evil", ""),
        ("other", "5", ""),
    ],
)
def test_only_posts_of_known_networks_are_linked(source: str, post: str, link: str) -> None:
    assert post_link(source, post, "https://m.example") == link


def test_only_web_addresses_are_linked() -> None:
    assert web_link("https://a.example/x") == "https://a.example/x"
    for bad in ("javascript:alert(1)", "data:text/html,x", "//a.example", " https://a.example", "ftp://a", "http:///x"):
        assert web_link(bad) == ""


def test_a_period_is_told_in_the_topics_time(topic: Topic) -> None:
    def at(day: int, hour: int, month: int = 5) -> pd.Timestamp:
        return pd.Timestamp(datetime(2016, month, day, hour, tzinfo=UTC))

    assert span(at(8, 16), at(9, 16), topic) == "9 May 2016"
    assert span(at(30, 16, 4), at(9, 16), topic) == "1 May to 9 May 2016"
    assert span(at(9, 10), at(9, 11), topic) == "9 May 2016, 18:00 to 19:00"
    assert (duration(65), duration(7500), duration(0), duration(None)) == ("1 min 5 s", "2 h 5 min", "0 s", "–")
    assert (points(-0.0123), points(0.02)) == ("−1.2", "+2.0")


def test_an_address_holds_the_state(topic: Topic) -> None:
    asked = {"race": "b", "show": "posts", "by": "hour", "theme": "dark", "window": "2016-05-01~2016-05-02", "q": "x&y"}
    view = view_of(topic, "search", asked, ("q",))
    query = dict(pair.split("=") for pair in view.link().partition("?")[2].split("&"))
    assert query.pop("window") == "2016-05-01T00%3A00%3A00Z~2016-05-02T00%3A00%3A00Z"
    assert query == {"race": "b", "show": "posts", "by": "hour", "theme": "dark", "q": "x%26y"}
    assert view_of(topic, "night", {}).link() == "/t/night"
    assert "q=" not in view.link("night")


@pytest.mark.parametrize(
    "query", [{"race": "c"}, {"by": "hours"}, {"show": "x" * 500}, {"window": "2016-05-02~2016-05-01"}, {"theme": "1"}]
)
def test_a_value_that_does_not_fit_is_wrong_use(topic: Topic, query: dict[str, str]) -> None:
    with pytest.raises(WrongUse):
        view_of(topic, "night", query)


START = datetime(2016, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAN = float("nan")


def line(number: int, *values: float) -> Line:
    return Line(f"Name {number}", number, [(START + HOUR * n, v, v - 0.01, v + 0.01) for n, v in enumerate(values)])


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_names_beside_lines_do_not_overlap(size: Size) -> None:
    lines = [line(n, 0.2, 0.2 + n / 1000) for n in range(8)]
    drawn = chart(lines, (START, START + 2 * HOUR), HOUR, ZoneInfo("UTC"), size)
    places = sorted(each.y for each in drawn.lines)
    assert all(later - earlier >= 14 for earlier, later in itertools.pairwise(places))
    assert places[0] > 0
    assert places[-1] <= size.height


def test_a_line_breaks_where_a_period_is_missing() -> None:
    drawn = chart([line(0, 0.2, NAN, 0.3, 0.4)], (START, START + 4 * HOUR), HOUR, ZoneInfo("UTC")).lines[0]
    assert drawn.path.count("M") == 2
    assert len(drawn.dots) == 1


def test_nothing_at_all_can_be_drawn() -> None:
    assert chart([], (START, START + HOUR), HOUR, ZoneInfo("UTC")).lines == []
    assert chart([line(0, NAN)], (START, START + HOUR), HOUR, ZoneInfo("UTC")).lines[0].path == ""


@pytest.mark.parametrize(
    ("night", "hours"),
    [
        (datetime(2026, 3, 28, 23, tzinfo=UTC), ["29 Mar", "01:00", "03:00", "04:00", "05:00"]),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), ["25 Oct", "01:00", "02:00", "02:00", "03:00"]),
    ],
)
def test_an_hour_that_clocks_skip_or_repeat_has_its_place(night: datetime, hours: list[str]) -> None:
    ticks = chart([], (night, night + 4 * HOUR), HOUR, ZoneInfo("Europe/Berlin")).across
    assert [label for _, label in ticks] == hours
    places = [x for x, _ in ticks]
    assert len({round(b - a) for a, b in itertools.pairwise(places)}) == 1, "an hour is as wide as any other"


def test_gaps_and_events_outside_are_left_out() -> None:
    gaps = [Span(START - HOUR, START + HOUR, "in"), Span(START - 3 * HOUR, START - HOUR, "out")]
    marks = [Mark(START + HOUR, "in"), Mark(START + 9 * HOUR, "out")]
    drawn = chart([line(0, 0.2)], (START, START + 4 * HOUR), HOUR, ZoneInfo("UTC"), WIDE, gaps, marks)
    assert [text for _, _, text in drawn.gaps] == ["in"]
    assert drawn.gaps[0][0] == WIDE.left
    assert [(text, number) for _, text, number, _ in drawn.marks] == [("in", 1)]


# Machado, Oliveira and Fernandes (2009): severity 1.0, for linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(colour: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", BLINDNESS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_told_apart(theme: str, eyes: str) -> None:
    palette = colours.LIGHT if theme == "light" else colours.DARK
    seen = [lab(np.array(BLINDNESS[eyes]) @ linear(colour)) for colour in palette]
    for (n, one), (m, other) in itertools.combinations(enumerate(seen), 2):
        assert np.linalg.norm(one - other) > (20 if max(n, m) < 5 else 9), (palette[n], palette[m])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out_from_the_ground(theme: str) -> None:
    def light(colour: str) -> float:
        return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))

    ground = light(colours.GROUNDS[theme])

    def contrast(colour: str) -> float:
        return (max(light(colour), ground) + 0.05) / (min(light(colour), ground) + 0.05)

    for colour in colours.LIGHT if theme == "light" else colours.DARK:
        assert contrast(colour) >= 2.8, colour
    assert contrast(colours.INKS[theme]) >= 7
    assert contrast(colours.SOFT[theme]) >= 4.5


def test_the_sheet_has_the_same_colours() -> None:
    sheet = (STATIC / "page.css").read_text()
    for palette in (colours.LIGHT, colours.DARK):
        assert " ".join(f"--c{n}: {colour};" for n, colour in enumerate(palette)) in sheet


LEFT_OUT = ("share_authors_no_bots", "share_authors_no_groups")


def test_a_change_needs_two_periods_that_follow_one_another() -> None:
    def rows(at: datetime, share: float) -> dict[str, object]:
        ends = {"share_authors_low": share - 0.01, "share_authors_high": share + 0.01}
        shares = {"share_authors": share, "share_posts": share, **dict.fromkeys(LEFT_OUT, NAN)}
        return {"candidate": "a", "period_start": at, "period_end": at + HOUR, **shares, **ends}

    both = pd.DataFrame([rows(START, 0.2), rows(START + HOUR, 0.3)])
    found = changes(both).iloc[0]
    assert found["share_authors_change"] == pytest.approx(0.1)
    assert bool(found["is_clear"])
    assert changes(pd.DataFrame([rows(START, 0.2), rows(START + 2 * HOUR, 0.3)])).empty
    assert changes(both.iloc[:0]).empty


def test_the_next_run_is_told_only_where_runs_come_regularly() -> None:
    def runs(*hours: float) -> list[SimpleNamespace]:
        return [SimpleNamespace(started_at=START + HOUR * hour) for hour in sorted(hours, reverse=True)]

    assert next_run(runs(0, 1, 2, 3)) == START + 4 * HOUR
    assert next_run(runs(0, 1, 2)) is None
    assert next_run(runs(0, 1, 2, 9)) is None
    assert next_run([]) is None


def test_an_event_without_an_offset_is_in_the_topics_time() -> None:
    times = ("2016-05-09", "2016-05-09 17:00", '"2016-05-09T17:00Z"')
    events = f"events: [{', '.join(f'{{at: {time}, text: vote}}' for time in times)}]"
    topic = parse_topic(f"{TOPIC}{events}\n", "t.yaml")
    assert [event.instant(topic.zone) for event in topic.events] == [
        datetime(2016, 5, 8, 16, tzinfo=UTC),
        datetime(2016, 5, 9, 9, tzinfo=UTC),
        datetime(2016, 5, 9, 17, tzinfo=UTC),
    ]
    with pytest.raises(WrongUse, match=r"t.yaml:6: events\[0\].at"):
        parse_topic(f"{TOPIC}events: [{{at: soon, text: vote}}]\n", "t.yaml")
