"""The words in which people say whether a post is right, in the languages of the project's users."""

from conf.folding import fold

YES = (
    *("yes", "y", "1", "1.0", "x", "true", "t", "ok", "right", "✓", "✔"),
    *("ja", "j", "sí", "s", "sim", "si", "oui", "da", "да", "tak", "evet", "oo", "opo", "kyllä"),
    *("wahr", "verdadero", "vrai", "vero", "はい", "是", "예", "네", "نعم", "हाँ", "có", "ใช่", "כן", "بله"),
)
NO = (
    *("no", "n", "0", "0.0", "false", "f", "wrong", "✗", "✘"),
    *("nein", "nej", "nee", "non", "não", "nu", "нет", "nie", "ne", "hayır", "hindi", "ei"),
    *("falsch", "falso", "faux", "いいえ", "否", "아니요", "아니오", "لا", "नहीं", "không", "ไม่", "לא", "نه"),
)
UNSURE = ("?", "??", "unsure", "n/a")
TOLD = "yes or no (also 1 and 0, true and false, x for yes, and yes and no in many languages)"
"""What is accepted, in words."""
_ANSWERS: dict[str, bool | None] = {
    **{fold(word): True for word in YES},
    **{fold(word): False for word in NO},
    **dict.fromkeys(UNSURE),
    "": None,
}


def answer(text: str) -> bool | None:
    """Returns what a cell says; None for an empty one, or a question mark. Raises KeyError for anything else."""
    return _ANSWERS[fold(text.removeprefix("'"))]
