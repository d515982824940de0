"""Applies the bot rules to an author's figures in one period: finds the rules that fire, and the score.

The thresholds are in conf/bots.py.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from conf.bots import RULES, Bots, Rule

SECONDS_A_DAY = 86_400


def flags(bots: Bots) -> Column:
    """Returns the names of the rules that fire, in alphabetical order."""
    return F.array_compact(F.array(*[F.when(sign, F.lit(name)) for name, sign in _signs(bots).items()]))


def score(bots: Bots) -> Column:
    """Returns the sum of the weights of the rules in `bot_flags`, at most 1."""
    weights = [F.when(F.array_contains("bot_flags", name), _rule(bots, name).weight).otherwise(0.0) for name in RULES]
    total = F.round(sum(weights, F.lit(0.0)), 6)
    return F.least(total, F.lit(1.0))


def _rule(bots: Bots, name: str) -> Rule:
    rule: Rule = getattr(bots, name)
    return rule


def _signs(bots: Bots) -> dict[str, Column]:
    """Returns whether each rule fires, by name; a rule whose figures are unknown does not fire."""
    signs = {
        "client": F.col("listed") >= bots.client.share * F.col("posts"),
        "declared": F.col("declared"),
        "follow_ratio": _follow_ratio(bots),
        "near_duplicates": F.col("near_duplicates") >= bots.near_duplicates.share * F.col("authored"),
        "new_account": _new_account(bots),
        "posting_rate": F.col("posts") >= bots.posting_rate.posts_an_hour * F.col("hours"),
        "retweet_share": F.col("retweets") >= bots.retweet_share.share * F.col("posts"),
        "round_the_clock": _round_the_clock(bots),
    }
    counted = {name: F.col("authored" if name == "near_duplicates" else "posts") for name in RULES}
    return {
        name: F.coalesce((counted[name] >= _rule(bots, name).min_posts) & signs[name], F.lit(False)) for name in RULES
    }


def _follow_ratio(bots: Bots) -> Column:
    rule, following = bots.follow_ratio, F.col("following")
    return (following >= rule.following) & (following >= rule.ratio * F.greatest(F.col("followers"), F.lit(1)))


def _new_account(bots: Bots) -> Column:
    seconds = F.unix_seconds("first_at") - F.unix_seconds("created_at")
    return (seconds >= 0) & (seconds < bots.new_account.days * SECONDS_A_DAY)


def _round_the_clock(bots: Bots) -> Column:
    rule = bots.round_the_clock
    return (F.col("days") >= rule.min_days) & (F.col("quietest") >= rule.share * F.col("posts"))
