"""Which letters of a picture no font of this machine has: in a PNG they would be empty boxes."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from conf.errors import PulsoError

FIX = "Install one, such as Debian's fonts-noto-cjk or fonts-noto-core, and try again, or take the SVG"
_MARKUP = re.compile("<[^>]*>")


class NoFont(PulsoError):
    """No font of this machine has a letter of a picture."""


def bundled() -> Path:
    """Returns a folder of fonts that is always there: those of matplotlib."""
    from importlib.util import find_spec  # noqa: PLC0415 - only where a PNG is asked for

    spec = find_spec("matplotlib")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def needs_others(svg: str) -> bool:
    """Returns whether a picture needs fonts of this machine beside those that are always there.

    It does not if it has letters beyond those of Latin, and DejaVu Sans has them: from among many fonts, a bold one
    might be taken for such letters. Raises NoFont, with what to install, where no font has a letter. Signs and emoji
    may lack.
    """
    text = _MARKUP.sub("", svg)
    letters = {letter for letter in text if letter > "\u024f" and unicodedata.category(letter)[0] == "L"}
    missing = lacking(letters, [bundled() / "DejaVuSans.ttf"])
    if letters and not missing:
        return False
    if missing and (missing := lacking(missing, of_this_machine())):
        raise NoFont(f"this machine has no font for {' '.join(sorted(missing)[:5])}, and a PNG needs one", FIX)
    return True


def lacking(letters: Iterable[str], files: Iterable[Path]) -> set[str]:
    """Returns the letters that no font of `files` has. A file that is no font has none."""
    left = set(letters)
    for file in files:
        if not left:
            break
        left -= {letter for letter in left if ord(letter) in _held(file)}
    return left


def of_this_machine() -> list[Path]:
    """Returns the files of the fonts that are installed."""
    from matplotlib import font_manager  # noqa: PLC0415 - only where a letter is missing; it takes a second

    return sorted(map(Path, font_manager.findSystemFonts()))


@cache
def _held(file: Path) -> frozenset[int]:
    from matplotlib import font_manager  # noqa: PLC0415

    try:
        return frozenset(font_manager.get_font(file).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
