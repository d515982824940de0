"""Posts in which some accounts act together, and others reply below two posts; of X, on one day."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from conf.snowflakes import X_EPOCH_MS
from tests.support.posts import stream_line, tweet

DAY = datetime(2016, 5, 7, 16, tzinfo=UTC)
"""The day before the vote of 2016, as it began in Manila."""
LINKS, CELL, OTHERS = 6, 4, 16
PUBLIC, PRIVATE = "newsroom_ph", "quiet_ana"
"""The names of an account with many followers, and of one with few."""
TAGS = ("انتخابات", "選挙速報")
REPLIES, FEWER = 14, 8
"""The replies below the post of PUBLIC, and below that of PRIVATE."""


def acted_together() -> Iterator[bytes]:
    """Yields lines: each of LINKS is shared by CELL accounts within seconds, PUBLIC among them, by OTHERS at times."""
    for link in range(LINKS):
        for member in range(CELL):
            yield _share(link, member, DAY + timedelta(hours=2 * link + 1, seconds=3 * member))
        for other in range(OTHERS):
            yield _share(link, CELL + other, DAY + timedelta(minutes=(83 * other + 29 * link + 5) % 1400))


def _share(link: int, account: int, at: datetime) -> bytes:
    url = f"https://news.example/story/{link}"
    tags = [{"start": 0, "end": 1, "tag": tag} for tag in (*TAGS, f"story{link}")]
    entities = {
        "urls": [{"start": 0, "end": 23, "url": f"https://t.co/s{link}", "expanded_url": url}],
        "hashtags": tags,
    }
    return _line(at, account, f"https://t.co/s{link} " + " ".join(f"#{tag['tag']}" for tag in tags), entities=entities)


def conversed() -> Iterator[bytes]:
    """Yields lines: a post of PUBLIC with REPLIES below it, and one of PRIVATE with FEWER."""
    for account, replies in ((0, REPLIES), (1, FEWER)):
        at = DAY + timedelta(hours=9 + account)
        yield _line(at, account, "Magandang umaga")
        for number in range(replies):
            root = {"type": "replied_to", "id": _id(at, account)}
            answer = {"conversation_id": root["id"], "in_reply_to_user_id": str(700 + account)}
            later = at + timedelta(minutes=number + 1)
            yield _line(later, 100 + number, "sagot", referenced_tweets=[root], **answer)


def _id(at: datetime, account: int) -> str:
    return str((int(at.timestamp() * 1000) - X_EPOCH_MS << 22) + account)


def _line(at: datetime, account: int, text: str, **changes: Any) -> bytes:
    name = {0: PUBLIC, 1: PRIVATE}.get(account, f"account_{account}")
    metrics = {"followers_count": 250_000 if account == 0 else 40}
    user = {"id": str(700 + account), "username": name, "public_metrics": metrics}
    written = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return stream_line(tweet(_id(at, account), text, author_id=user["id"], created_at=written, **changes), [user])
