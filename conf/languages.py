"""Language tags (BCP 47), as topics ask for them and networks write them."""

NEWER = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "tl": "fil"}
"""Older codes that some networks still use, and the newer ones for the same languages (IANA's registry; CLDR)."""


def plain_tag(tag: str) -> str:
    """Returns a tag in lower case, with `-` between its parts, and with the newer code of its language."""
    language, *others = tag.strip().lower().replace("_", "-").split("-")
    return "-".join([NEWER.get(language, language), *others])
