"""Finds posts that repeat a text: by MinHash over pairs of words, or as part of a copy-paste campaign.

It uses only Spark's own functions.

Only words are compared. Links, handles, hashtags, digits, punctuation and emoji are left out, since spammers vary them.

A text's signature is 16 minima of hashes of its word pairs (Broder 1997, "On the resemblance and containment of
documents"). If the sets of pairs of two texts have Jaccard similarity s, each minimum is the same with probability s.
Texts are near duplicates if all four minima are the same in at least one of four bands (Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", 3.4). So they are found with probability 1 - (1 - s^4)^4, which is 0.99 at s = 0.9, 0.67
at 0.7, 0.23 at 0.5 and 0.03 at 0.3. So no pair of texts is compared directly.

In scripts that are written without spaces, texts have few words by this count, so most are too short to compare.
"""

import hashlib
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.bots import NearDuplicates

TAG, NOT_WORDS = "#[^ ]+", r"[^\p{L}\p{M}]+"
"""Patterns for the parts of a folded text that are not words.

These patterns are applied one after the other. In a single pattern, the match for the space before a hashtag would
include its #, and leave the hashtag's text.
"""
PRIME = 2**31 - 1
BANDS, ROWS = 4, 4
SHINGLE = 2
"""The number of consecutive words that are hashed together."""
SAME_WORDS = "same_words"
BAND_COLUMNS = [f"band_{band}" for band in range(BANDS)]


def _coefficient(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % (PRIME - 1) + 1


COEFFICIENTS = [(_coefficient(f"factor {i}"), _coefficient(f"offset {i}")) for i in range(BANDS * ROWS)]
"""Factor and offset of each hash function h -> (factor * h + offset) mod PRIME."""


def with_words(posts: DataFrame) -> DataFrame:
    """Adds `words`, the words of `folded` in order; null for a retweet, whose text is by somebody else."""
    bare = F.trim(F.regexp_replace(F.regexp_replace("folded", TAG, " "), NOT_WORDS, " "))
    return posts.select("*", F.when(F.col("kind") != "retweet", F.split(bare, " +")).alias("words"))


def with_signature(posts: DataFrame, rule: NearDuplicates) -> DataFrame:
    """Replaces `words` by SAME_WORDS, a hash of all words in order, and by one hash per band.

    The hashes are null if the text is too short. Each step is a column of its own, since Spark would otherwise evaluate
    it again for every element of the next step.
    """
    kept = [name for name in posts.columns if name != "words"]
    starts = F.sequence(F.lit(1), F.size("words") - (SHINGLE - 1))
    hashed = F.transform(starts, lambda start: F.crc32(F.array_join(F.slice("words", start, F.lit(SHINGLE)), " ")))
    long_enough = F.size("words") >= rule.min_words
    shingled = posts.select(
        *kept,
        F.when(long_enough, F.xxhash64("words")).alias(SAME_WORDS),
        F.when(long_enough, hashed).alias("shingles"),
    )
    return shingled.select(*kept, SAME_WORDS, *[_band(band).alias(name) for band, name in enumerate(BAND_COLUMNS)])


def _band(band: int) -> Column:
    minima = [_minimum(*pair) for pair in COEFFICIENTS[band * ROWS : (band + 1) * ROWS]]
    return F.when(F.col(SAME_WORDS).isNotNull(), F.xxhash64(*minima))


def _minimum(factor: int, offset: int) -> Column:
    return F.array_min(F.transform("shingles", lambda h: (h * F.lit(factor) + F.lit(offset)) % F.lit(PRIME)))


def campaigns(posts: DataFrame, rule: NearDuplicates) -> DataFrame:
    """Returns the texts, as SAME_WORDS, that at least `campaign_authors` authors posted."""
    texts = posts.where(F.col(SAME_WORDS).isNotNull()).select(SAME_WORDS, "author")
    return (
        texts.groupBy(SAME_WORDS, "author")
        .agg(F.count(F.lit(1)))
        .groupBy(SAME_WORDS)
        .agg(F.count(F.lit(1)).alias("authors"))
        .where(F.col("authors") >= rule.campaign_authors)
        .select(SAME_WORDS)
    )


def with_near_duplicate(posts: DataFrame, rule: NearDuplicates) -> DataFrame:
    """Replaces the signature by `near_duplicate`: whether the post repeats a text.

    This is true if the text is nearly the same as another text of the same author, or word for word the text of a
    campaign. Posts must be partitioned by author. Only the hash of a campaign's text is joined to the posts, so no task
    needs all posts of a campaign.
    """
    kept = [name for name in posts.columns if name not in (SAME_WORDS, *BAND_COLUMNS)]
    own = [F.count(band).over(Over.partitionBy("author", band)) > 1 for band in BAND_COLUMNS]
    in_campaign = F.col("campaign").isNotNull()
    found = campaigns(posts, rule).select(F.col(SAME_WORDS).alias("campaign"))
    return posts.join(F.broadcast(found), on=F.col(SAME_WORDS) == F.col("campaign"), how="left").select(
        *kept, reduce(or_, own, in_campaign).alias("near_duplicate")
    )
