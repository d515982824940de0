# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # How precise a topic's rules are
#
# A post counts for a candidate if an alias, a hashtag or a handle says so. Is it about the candidate? Read a sample,
# and answer. `readers sample` and `readers precision` do this with a spreadsheet; here it is done in a notebook.

# %%
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd().parent if Path.cwd().name == "notebooks" else Path.cwd()))  # where Pulso is

import altair as alt
import pandas as pd

from conf.settings import load_settings
from conf.topic import load_topic
from readers import posts

alt.renderers.enable("svg")  # drawn here, without a network

TOPIC, RACE, N, SEED = "ph2016", "president", 20, 1

# %%
race = load_topic(TOPIC, load_settings().topics_dir).race(RACE)
aliases = {alias: candidate.name for candidate in race.candidates for alias in candidate.aliases if alias.isalnum()}
counts = {alias: posts(TOPIC, words=alias, columns=["post_id", "text", "author"]) for alias in aliases}
found = pd.DataFrame(
    [(aliases[alias], alias, len(rows), rows["author"].nunique()) for alias, rows in counts.items()],
    columns=["candidate", "alias", "posts", "authors"],
).sort_values("posts", ascending=False)
found

# %%
alt.Chart(found).mark_bar().encode(
    x=alt.X("posts:Q"), y=alt.Y("alias:N", sort="-x"), color=alt.Color("candidate:N")
).properties(title="Posts that hold each alias as a word", width=500)

# %% [markdown]
# ## A sample to read
#
# Drawn by chance; the same seed draws the same posts. Write `True` or `False` into the column `right`.

# %%
alias = found["alias"].iloc[0]
rows = counts[alias].sort_values("post_id")
sample = rows.sample(min(N, len(rows)), random_state=SEED).assign(right=pd.NA)
sample[["text", "right"]]

# %% [markdown]
# ## What the answers say
#
# The interval is Wilson's, 95 %. With 20 answers it is wide: read 100 or more before you print anything.

# %%
answers = sample["right"].astype("boolean")
n, right = int(answers.notna().sum()), int(answers.sum())
if n:
    z, share = 1.96, right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5 / (1 + z * z / n)
    print(f"{alias}: {share:.0%} of {n} posts are right, 95 % interval {middle - half:.0%} to {middle + half:.0%}")
else:
    print(f"{alias}: no answers yet")
