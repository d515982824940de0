# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # An election night, hour by hour
#
# The share of each candidate by hour with its interval, and the last hour beside the hour before. Run it again after
# each run of the jobs.

# %%
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd().parent if Path.cwd().name == "notebooks" else Path.cwd()))  # where Pulso is

import altair as alt
import pandas as pd

from readers import poll

alt.renderers.enable("svg")  # drawn here, without a network

TOPIC, RACE, HOURS = "ph2016", "president", 48
FEW = 30  # with fewer authors in an hour, its shares say nothing

# %%
hours = poll(TOPIC, RACE, "hour")
hours = hours[hours["period_start"] > hours["period_start"].max() - pd.Timedelta(hours=HOURS)].copy()
shares = ["share_authors", "share_authors_low", "share_authors_high"]
hours.loc[hours["authors_total"] < FEW, shares] = float("nan")
print(f"{hours['period_start'].nunique()} hours, the last from {hours['period_start'].max():%Y-%m-%d %H:%M} UTC on")

# %%
lines = alt.Chart(hours).encode(x=alt.X("period_start:T", title=None), color=alt.Color("name:N", title=None))
band = lines.mark_area(opacity=0.2).encode(
    y=alt.Y("share_authors_low:Q", title="share of authors", axis=alt.Axis(format="%")), y2="share_authors_high:Q"
)
(band + lines.mark_line(point=True).encode(y="share_authors:Q")).properties(
    title="Share of conversation by hour, with the 95 % interval", width=700, height=350
)

# %% [markdown]
# ## The last hour beside the hour before
#
# A change smaller than the two intervals together may be chance. `coverage` below 1 says that collection was down for a
# part of the hour.

# %%
columns = ["period_start", "name", *shares, "authors", "posts", "coverage"]
last = hours["period_start"].drop_duplicates().nlargest(2).tolist()
now, before = (hours.loc[hours["period_start"] == at, columns].set_index("name") for at in (last[0], last[-1]))
change = pd.DataFrame(
    {
        "share": now["share_authors"],
        "change": now["share_authors"] - before["share_authors"],
        "beyond chance": (now["share_authors_low"] > before["share_authors_high"])
        | (now["share_authors_high"] < before["share_authors_low"]),
        "authors": now["authors"],
        "coverage": now["coverage"],
    }
).sort_values("share", ascending=False)
change.style.format({"share": "{:.1%}", "change": "{:+.1%}", "coverage": "{:.0%}"}, na_rep="")
