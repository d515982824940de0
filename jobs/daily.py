"""Daily: all jobs over one window, in one Spark session, with the posts read once.

The jobs begin in the order of JOBS, two at once; the polls wait for author_activity and coordination, since they leave
out the authors that the one flags, and those in the groups that the other finds. Each has its own row in job_runs. If
one fails, the others still run, except those that need its result; then the exit code is 1. Jobs that do not fit the
topic or the window are left out: the polls and candidate_hashtags need races, poll_backtest needs an outcome and at
least a day. `--jobs a,b` runs only the named jobs.

poll_backtest takes the end of the window for the start of the vote. So leave it out of a schedule, with `--jobs`, if
the topic already has an outcome and posts are still being collected.
"""

import sys

from jobs import (
    author_activity,
    candidate_hashtags,
    candidate_poll,
    cascades,
    conversations,
    coordination,
    hashtag_trends,
    network_graph,
    poll_backtest,
    shared_items,
    text_families,
)
from jobs.framework.command import run_set

JOBS = (
    author_activity.JOB,
    coordination.JOB,
    candidate_poll.JOB,
    hashtag_trends.JOB,
    candidate_hashtags.JOB,
    cascades.JOB,
    conversations.JOB,
    text_families.JOB,
    network_graph.JOB,
    shared_items.JOB,
    poll_backtest.JOB,
)

if __name__ == "__main__":
    sys.exit(run_set("daily", JOBS))
