"""Texts in a picture: measures them in pixels, and wraps or shortens each so that it fits its place."""

import logging
from collections.abc import Callable, Sequence

import regex
from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from conf.plain import one_line

FONTS = (
    *("DejaVu Sans", "Noto Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC"),
    *("Noto Sans KR", "IPAexGothic", "WenQuanYi Zen Hei", "Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo"),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Tamil"),
    *("Noto Sans Thai", "Noto Sans Lao", "Noto Sans Khmer", "Noto Sans Myanmar", "Noto Emoji", "Symbola"),
    "Arial Unicode MS",
)
"""A letter is drawn in the first of these that is installed and has it. DejaVu Sans comes with matplotlib."""
CUT = "…"
_LETTER = regex.compile(r"\X")
_MARKS = regex.compile(r"(\p{M}{4})\p{M}+")
Measure = Callable[[str], float]
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it warns where a font has no bold letters


def installed_fonts() -> list[str]:
    """Returns the fonts of FONTS that this machine has."""
    installed = set(font_manager.get_font_names())
    return [font for font in FONTS if font in installed]


def measure_of(renderer: RendererAgg, font: FontProperties) -> Measure:
    """Returns a function that gives the width of a line in pixels, as this renderer draws it in this font."""

    def measure(text: str) -> float:
        width, _, _ = renderer.get_text_width_height_descent(text, font, False)  # type: ignore[no-untyped-call]
        return float(width)

    return measure


def plain(text: str) -> str:
    """Returns the text as one printable line.

    If a letter has more than four marks above it, only the first four are kept.
    """
    return _MARKS.sub(r"\1", one_line(text))


def shortened(text: str, width: float, measure: Measure) -> str:
    """Returns the text if it is at most `width` pixels wide; else as many letters as fit, and an ellipsis."""
    if measure(text) <= width:
        return text
    letters = _LETTER.findall(text)
    return "".join(letters[: _most(letters, width, lambda some: measure(some + CUT))]) + CUT


def wrapped(text: str, width: float, lines: int, measure: Measure) -> list[str]:
    """Returns the text in at most `lines` lines of at most `width` pixels.

    If it does not fit, the last line ends in an ellipsis.

    Lines break between words. A word that is wider than a line breaks between letters.
    """
    found: list[str] = []
    left = text.split()
    while left and len(found) < lines:
        words = max(1, _most([f"{word} " for word in left], width, lambda some: measure(some.rstrip())))
        line, rest = " ".join(left[:words]), left[words:]
        if len(found) == lines - 1:
            return [*found, shortened(" ".join(left), width, measure)]
        if measure(line) > width:
            letters = _LETTER.findall(line)
            fit = max(1, _most(letters, width, measure))
            line, rest = "".join(letters[:fit]), ["".join(letters[fit:]), *rest]
        found.append(line)
        left = rest
    return found


def _most(parts: Sequence[str], width: float, measure: Measure) -> int:
    """How many of the parts, from the first on, fit together into the width; by halving."""
    fit, above = 0, len(parts) + 1
    while above - fit > 1:
        middle = (fit + above) // 2
        if measure("".join(parts[:middle])) <= width:
            fit = middle
        else:
            above = middle
    return fit
