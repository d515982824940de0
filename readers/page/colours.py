"""Colours of candidates: told apart by colour-blind readers, on a light and on a dark ground.

Beside each colour stands a name; no figure depends on colours alone.
"""

LIGHT = ("#0b63a5", "#f76707", "#7a3b12", "#c97b8f", "#212a36", "#6741d9", "#1b7f3b", "#4b5563")
DARK = ("#5aa9f0", "#f3722c", "#d9b48f", "#b0567a", "#f1f3f5", "#8f5cf7", "#1f9d55", "#99a3af")
GROUNDS = {"light": "#ffffff", "dark": "#14171a"}
INKS = {"light": "#16191d", "dark": "#eceff2"}
SOFT = {"light": "#5b626b", "dark": "#a9b1ba"}
GRIDS = {"light": "#dfe3e7", "dark": "#333a41"}
GAPS = {"light": "#e9ebee", "dark": "#262b30"}
DASHES = ("", "7 4", "2 4")
"""How the lines of the first eight candidates, of the next eight and of all others are drawn."""


def place_of(number: int) -> tuple[int, str]:
    """Returns which colour and which dashes the candidate `number` of a race has, from 0 on."""
    return number % len(LIGHT), DASHES[min(number // len(LIGHT), len(DASHES) - 1)]
