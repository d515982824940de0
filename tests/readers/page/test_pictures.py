"""Pictures that leave the page: names of any script beside their shares, and letters that no font has."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from conf.errors import PulsoError
from readers.page import fonts
from readers.page.fonts import NoFont
from readers.page.lines import NARROW, WIDE, Line, Size, chart
from readers.page.png import png, png_apart
from readers.page.rendering import palette, picture

START = datetime(2026, 1, 1, tzinfo=UTC)
ARABIC = "عبد الرحمن بن محمد بن عبد الله آل سعود الطويل"


def drawn(*names: str, size: Size = WIDE) -> str:
    lines = [
        Line(name, number, [(START + timedelta(hours=hour), 0.2, 0.1, 0.3) for hour in range(24)])
        for number, name in enumerate(names)
    ]
    made = chart(lines, (START, START + timedelta(days=1)), timedelta(hours=1), ZoneInfo("UTC"), size)
    return picture("lines", made, palette("light"), "T", "told", alone=True, caption="c", source="s", note="")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_share_is_no_part_of_the_text_of_a_name(size: Size) -> None:
    """Letters that run from right to left draw what stands in the same text into them."""
    svg = drawn(ARABIC, "Ana", size=size)
    assert "<tspan" not in svg
    assert len(re.findall(r">20\.0%</text>", svg)) == 2
    assert re.search(r">عبد[^<0-9]*</text>", svg)
    assert "…\u200f</text>" in svg


def test_a_share_stands_left_of_its_name_with_room_for_a_hundred_per_cent() -> None:
    svg = drawn("Ana")
    value, name = (float(re.findall(rf'x="([\d.]+)"[^>]*>{text}</text>', svg)[0]) for text in ("20.0%", "Ana"))
    assert name - value == WIDE.value
    assert WIDE.value > 6 * 7.2  # "100.0%" at 13 pixels


def test_a_letter_that_no_font_has_is_told_instead_of_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "of_this_machine", lambda: [fonts.bundled() / "DejaVuSans.ttf"])
    with pytest.raises(NoFont, match=r"no font for 山 田, .*fonts-noto-cjk"):
        png(drawn("山田"))


def test_a_picture_made_apart_is_the_same_and_tells_the_same() -> None:
    svg = drawn("Ana", ARABIC)
    assert png_apart(svg) == png(svg)
    with pytest.raises(NoFont, match=r"no font for \U00020000, and a PNG needs one\. Install one"):
        png_apart(drawn("\U00020000"))
    with pytest.raises(PulsoError, match="could not be made"):
        png_apart("no picture")


@pytest.mark.parametrize("name", [ARABIC, "Recep Tayyip Erdoğan", "Владимир", "Ana 🎉", "Ångström & <b>"])
def test_other_scripts_and_signs_need_no_font_of_the_machine(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(fonts, "of_this_machine", lambda: pytest.fail("fonts were searched for"))
    assert png(drawn(name)).startswith(b"\x89PNG")
    assert fonts.needs_others(drawn(name)) is (name not in (ARABIC, "Владимир"))  # a Latin picture keeps its looks


def test_what_is_no_font_has_no_letters(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    assert fonts.lacking("é山", [broken, tmp_path / "missing.ttc"]) == {"é", "山"}
    assert fonts.lacking("é山", [broken, fonts.bundled() / "DejaVuSans.ttf"]) == {"山"}
