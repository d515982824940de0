"""What posts tell of some accounts: their labels and followers, and which of them the bot rules flag."""

from collections.abc import Collection, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.measures.authors import account, labels
from jobs.measures.coordination_rows import Known


def known_of(
    accounts: Collection[str],
    posts: DataFrame,
    names: DataFrame | None,
    flagged: DataFrame | None,
    texts: Mapping[str, str],
) -> Known:
    """Returns what is known of accounts, given by their keys. Triggers Spark actions, if there are any accounts."""
    if not accounts:
        return Known({}, {}, None if flagged is None else frozenset(), texts)
    rows = posts.sparkSession.createDataFrame([(one,) for one in sorted(accounts)], "account string")
    asked = F.broadcast(rows)
    known = dict(map(tuple, labels(posts, names).join(asked, on="account", how="left_semi").collect()))
    latest = F.max_by("author_followers", F.struct("event_at", "post_id")).alias("followers")
    told = posts.where(F.col("author_followers").isNotNull()).select("*", account().alias("account"))
    followers = told.join(asked, on="account", how="left_semi").groupBy("account").agg(latest)
    found = {row["account"]: int(row["followers"]) for row in followers.collect()}
    if flagged is None:
        return Known(known, found, None, texts)
    marked = flagged.withColumnRenamed("author", "account").join(asked, on="account", how="left_semi")
    return Known(known, found, frozenset(row["account"] for row in marked.collect()), texts)
