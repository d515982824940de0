# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A first look at a topic
#
# What is stored and published of a topic: the poll with its intervals, the hashtags, and some posts. It works on what
# `make demo` leaves; set `TOPIC` to another topic to look at yours.

# %%
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd().parent if Path.cwd().name == "notebooks" else Path.cwd()))  # where Pulso is

import altair as alt

from readers import cql, poll, posts, trends

alt.renderers.enable("svg")  # drawn here, without a network

TOPIC = "ph2016"

# %% [markdown]
# ## Who is talked about
#
# `share_authors` is the headline: one author, one vote. The interval is sampling error only. These are shares of
# conversation, not a forecast: the people who post are not the people who vote.

# %%
shares = poll(TOPIC)
shares[["race", "name", "share_authors", "share_authors_low", "share_authors_high", "authors", "posts", "coverage"]]

# %%
race = shares[shares["race"] == shares["race"].iloc[0]]
base = alt.Chart(race).encode(y=alt.Y("name:N", sort="-x", title=None))
share = alt.X("share_authors:Q", title="share of authors", axis=alt.Axis(format="%"))
bars = base.mark_bar(color="#4c78a8").encode(x=share)
whiskers = base.mark_rule(strokeWidth=2).encode(x="share_authors_low:Q", x2="share_authors_high:Q")
(bars + whiskers).properties(title="Share of conversation, not a forecast", width=500)

# %% [markdown]
# ## Which hashtags are used
#
# `burst` above 0 says that more authors used a hashtag than in the period before, beyond chance.

# %%
trends(TOPIC)[["rank", "hashtag", "authors", "posts", "burst"]].head(20)

# %% [markdown]
# ## Some posts
#
# `posts` reads what is stored. Without `words` or `author`, it reads every post of the time: give `start` and `end`.

# %%
found = posts(TOPIC, words="debate")
print(f"{len(found):,} posts with this word; read from {found.attrs['read_from']}")
found[["event_at", "source", "author", "kind", "text"]].sort_values("event_at").tail(10)

# %% [markdown]
# ## Where the figures come from
#
# Each figure has the id of the run that made it. `cql` reads any table.

# %%
from conf.settings import load_settings  # noqa: E402

keyspace = load_settings().keyspace
job = "SELECT started_at, status, window_start, window_end, rows_read FROM " + keyspace
cql(job + ".job_runs WHERE job = ? AND topic = ? LIMIT 5", ["candidate_poll", TOPIC])
