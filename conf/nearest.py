"""Finds the name that a person probably meant."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Returns the known name that is most like `name`, whatever the case; None if none is like it."""
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """Returns how to fix an unknown name: a question about the nearest known one; `otherwise` if none is near."""
    close = nearest(name, known)
    return f"Did you mean {close}?" if close else otherwise
