"""A flood to add to a generated corpus: new accounts that post for one candidate round the clock, from templates.

It is written as `corpus` writes posts: X v2 filtered-stream lines, sorted by time; the same arguments make the same
bytes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson

from conf.race import Candidate
from corpus.clock import CAMPAIGN

DAYS = 20
TEMPLATES = (
    "{praise} {name} is the only one who can fix {issue} for all of us {tag} {emoji}",
    "RT if you agree: {name} for president, no one else understands {issue} {emoji} {tag}",
    "{n} reasons to choose {name} and the first of them is {issue} {link} {tag}",
    "They are afraid of {name} because {name} will end {issue} {emoji}{emoji} {tag} {link}",
    "New survey: {name} at {n}% and still rising in every province {tag} {link}",
)
SLOTS = {
    "praise": ("Truly,", "Believe it:", "Fact:", "No doubt,"),
    "issue": ("crime", "traffic", "corruption", "drugs", "poverty", "endo", "hunger", "red tape"),
    "emoji": ("👊", "🔥", "🇵🇭", "💯", "✊🏽"),
}


def flooders(bots: int = 20) -> list[str]:
    """Returns the bots' handles, in lower case."""
    return [f"truefan{number:05d}" for number in range(71_000, 71_000 + bots)]


def flood(candidate: Candidate, posts: int = 50_000, bots: int = 20, seed: int = 7) -> Iterator[bytes]:
    """Yields one line per post, over the campaign's last DAYS days; posts are spread evenly over bots and hours."""
    rng = np.random.default_rng(seed)
    start = CAMPAIGN[1] - timedelta(days=DAYS)
    offsets = np.sort(rng.integers(0, DAYS * 86_400_000, posts)).tolist()
    users = [_user(number, handle, start, rng) for number, handle in enumerate(flooders(bots))]
    tag = f"#{(candidate.hashtags or (candidate.id,))[0]}"
    for number, (offset, bot) in enumerate(zip(offsets, rng.integers(0, bots, posts).tolist(), strict=True)):
        at = start + timedelta(milliseconds=offset)
        yield _line(number, at, users[bot], _text(candidate.name, tag, rng), tag)


def _text(name: str, tag: str, rng: np.random.Generator) -> str:
    drawn = {slot: words[rng.integers(0, len(words))] for slot, words in SLOTS.items()}
    number, template = int(rng.integers(2, 99)), TEMPLATES[rng.integers(0, len(TEMPLATES))]
    link = f"https://t.co/{rng.integers(0, 1 << 40):010x}"[:23]
    return template.format(name=name, tag=tag, n=number, link=link, **drawn)


def _user(number: int, handle: str, start: datetime, rng: np.random.Generator) -> dict[str, object]:
    opened = start - timedelta(days=int(rng.integers(5, 45)), seconds=int(rng.integers(0, 86_400)))
    followers, following = int(rng.integers(5, 60)), int(rng.integers(900, 3000))
    return {
        "id": str(9_000_000_000 + number),
        "username": handle.title(),
        "name": handle,
        "created_at": _iso(opened),
        "public_metrics": {"followers_count": followers, "following_count": following},
    }


def _line(number: int, at: datetime, user: dict[str, object], text: str, tag: str) -> bytes:
    data = {
        "id": str(900_000_000_000_000_000 + number),
        "author_id": user["id"],
        "created_at": _iso(at),
        "text": text,
        "lang": "en",
        "source": "Twitter Web Client",
        "entities": {"hashtags": [{"start": text.index(tag), "end": text.index(tag) + len(tag), "tag": tag[1:]}]},
    }
    return orjson.dumps({"data": data, "includes": {"users": [user]}})


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
