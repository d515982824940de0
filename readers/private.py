"""Private persons: accounts with few followers are shown as "an account", unless somebody asks for their names.

Accounts of candidates, as the topic file has them, are named in any case. An account whose followers are unknown is
taken for a private person's. The followers are those that `author_activity` knows from the window computed last.
"""

import pandas as pd
from cassandra.cluster import Session

from conf.topic import Topic
from readers.items.authors import activity_of

UNNAMED = "an account"


def without_names(
    session: Session, keyspace: str, topic: Topic, frame: pd.DataFrame, least: int, revealing: tuple[str, ...]
) -> pd.DataFrame:
    """Returns rows that have an account in `author` and `label`; where it has fewer than `least` followers, without it.

    There, `label` is UNNAMED, and `author` and the columns `revealing`, such as a post's id, are null. With `least` 0,
    all are named. An author who is unknown stays so.
    """
    if least <= 0 or frame.empty:
        return frame
    known = activity_of(session, keyspace, topic, frame["author"].dropna().unique().tolist())
    public = {author for author, row in known.items() if (row.followers or 0) >= least}
    own = {handle for race in topic.races for candidate in race.candidates for handle in candidate.lower_handles}
    is_named = frame["author"].isin(public) | frame["label"].str.lower().isin(own).fillna(value=False)
    label = frame["label"].mask(~is_named & frame["label"].notna(), UNNAMED)
    nulls = {name: frame[name].mask(~is_named) for name in ("author", *revealing)}
    return frame.assign(label=label, **nulls)
