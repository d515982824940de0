"""Posts as frames, for the job coordination."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession

from conf.blanking import blank
from conf.folding import fold

NOON = datetime(2016, 5, 1, 4, tzinfo=UTC)
SCHEMA = (
    "source string, post_id string, author_id string, author string, accounts array<string>, event_at timestamp, "
    "kind string, folded string, text string, urls array<string>, hashtags array<string>, mentions array<string>, "
    "author_is_bot boolean, author_followers bigint, retweet_of string, retweet_of_author string, reply_to string, "
    "reply_to_author string"
)


class Posted(NamedTuple):
    """A post by account `account`, `seconds` after NOON."""

    account: str
    seconds: float
    kind: str = "original"
    text: str = "hi"
    urls: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    of: str | None = None
    of_author: str | None = "somebody"
    source: str = "x"
    is_bot: bool | None = None
    followers: int | None = None

    def row(self, number: int) -> tuple[Any, ...]:
        """Returns it as it is stored."""
        at = NOON + timedelta(seconds=self.seconds)
        retweets, answers = (
            (self.of, self.of_author) if self.kind == k else (None, None) for k in ("retweet", "reply")
        )
        return (
            *(self.source, str(number), self.account, f"handle_{self.account}", None, at, self.kind),
            *(fold(blank(self.text)), self.text, list(self.urls) or None, list(self.hashtags) or None, None),
            *(self.is_bot, self.followers, *retweets, *answers),
        )


def frame(spark: SparkSession, posts: Iterable[Posted]) -> DataFrame:
    """Returns posts as they are stored."""
    return spark.createDataFrame([post.row(number) for number, post in enumerate(posts, 100)], SCHEMA)
