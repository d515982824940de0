# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Influence in the retweet graph
#
# Who is retweeted, by how many accounts, and how the conversation falls into communities. An edge leads from the
# account that retweets to the account that is retweeted; its weight is the number of retweets.

# %%
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd().parent if Path.cwd().name == "notebooks" else Path.cwd()))  # where Pulso is

import altair as alt

from readers import graph

alt.renderers.enable("svg")  # drawn here, without a network

TOPIC = "ph2016"

# %%
found = graph(TOPIC, "retweet")
found.summary[["period_start", "period_end", "nodes", "edges", "weight", "reciprocity", "giant_share", "modularity"]]

# %% [markdown]
# ## The accounts at the top
#
# PageRank counts who retweets whom, and how far that account is retweeted itself. `in_degree` is the number of accounts
# that retweeted. A few accounts with many retweets of each other have a high weight, and a low degree.

# %%
top = found.nodes.nlargest(20, "pagerank")
top[["label", "pagerank", "in_degree", "in_weight", "out_degree", "community"]]

# %%
alt.Chart(top).mark_bar().encode(
    x=alt.X("in_degree:Q", title="accounts that retweeted"),
    y=alt.Y("label:N", sort=alt.EncodingSortField("pagerank", order="descending"), title=None),
    color=alt.Color("community:N"),
).properties(title="The 20 accounts with the highest PageRank", width=500)

# %% [markdown]
# ## How concentrated it is
#
# The share of all retweets that the most retweeted accounts have.

# %%
received = found.nodes["in_weight"].sort_values(ascending=False).reset_index(drop=True).astype("float64")
curve = (received.cumsum() / received.sum()).rename("share of retweets").rename_axis("account").reset_index()
curve["account"] += 1
alt.Chart(curve.head(1_000)).mark_line().encode(
    x=alt.X("account:Q", title="accounts, the most retweeted first"),
    y=alt.Y("share of retweets:Q", axis=alt.Axis(format="%")),
).properties(width=500)

# %% [markdown]
# ## Between communities
#
# The share of retweets that stay within a community. Communities are found by an algorithm: a name for one is a
# reading, not a fact.

# %%
community = found.nodes.set_index("node")["community"]
ends = found.edges.assign(source=found.edges["src"].map(community), target=found.edges["dst"].map(community))
within = ends.loc[ends["source"] == ends["target"], "weight"].sum() / ends["weight"].sum()
print(f"{within:.0%} of the retweets stay within a community")
