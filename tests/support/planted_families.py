"""Posts with planted families: texts that many accounts posted, each in its own variant of a text; and other posts.

A variant has one word replaced, an emoji, another link, a hashtag or a handle, or it is the text itself. The earliest
post of a family is the text itself. The other posts are halves of these texts with other words, and texts of their own.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from conf.blanking import blank
from conf.folding import fold
from tests.support.independent_families import Said

START = datetime(2016, 5, 1, tzinfo=UTC)
EMOJI = "😀🔥👍🏽🇵🇭💯❤️🙏🚩"
SHORTEST, LONGEST = 13, 40
"""Words of a text. With fewer, one replaced word makes two texts less alike than 0.7."""


def planted(families: int, others: int, seed: int, most: int = 500) -> Iterator[tuple[int, Said]]:
    """Yields posts, each with the number of its family, from 0; posts of no family have numbers of their own, below 0.

    The families have from 2 to `most` accounts, over two networks, within ten days.
    """
    draw = random.Random(seed)
    words = sorted({"".join(draw.choices("abcdefghijklmnopqrstuvwxyzáñ", k=draw.randint(2, 9))) for _ in range(8000)})
    texts = []
    for family in range(families):
        text = draw.choices(words, k=draw.randint(SHORTEST, LONGEST))
        texts.append(text)
        began = START + timedelta(seconds=draw.randrange(5 * 86_400))
        accounts = 2 + round((most - 2) * family / max(families - 1, 1))
        for account in range(accounts):
            variant = text if account == 0 else _variant(text, words, draw)
            at = began + timedelta(seconds=draw.randrange(1, 5 * 86_400)) if account else began
            yield family, _said(f"{family}-{account}", account, at, " ".join(variant), draw)
    for number in range(others):
        if number % 2:
            text = draw.choice(texts)[:12] + draw.choices(words, k=draw.randint(12, 20))
        else:
            text = draw.choices(words, k=draw.randint(3, 30))
        at = START + timedelta(seconds=draw.randrange(10 * 86_400))
        yield -1 - number, _said(f"other-{number}", number, at, " ".join(text), draw)


def _variant(text: list[str], words: list[str], draw: random.Random) -> list[str]:
    place, kind = draw.randrange(len(text)), draw.randrange(6)
    if kind == 0:
        return [*text[:place], draw.choice(words), *text[place + 1 :]]
    added = {
        1: draw.choice(EMOJI),
        2: f"https://example.com/{draw.randrange(1000)}",
        3: f"#tag{draw.randrange(9)}",
        4: f"@user{draw.randrange(99)}",
    }.get(kind)
    return [*text[:place], added, *text[place:]] if added else [word.upper() for word in text]


def _said(name: str, account: int, at: datetime, text: str, draw: random.Random) -> Said:
    links = tuple(word for word in text.split() if word.startswith("https:"))
    return Said(("x", "mastodon")[account % 2], name, f"{account}", at, fold(blank(text)), text, None, links)


def pairs(of: dict[int, int]) -> int:
    """Returns the number of pairs within groups of these sizes."""
    return sum(size * (size - 1) // 2 for size in of.values())
