"""Coordination: how long it takes beside `candidate_poll`, and with one link that a fifth of the posts have."""

from bench.beside import Beside
from jobs.graphs.family_posts import FEW_POSTS

benchmark = Beside(
    title=(
        "coordination beside candidate_poll, and with one link that a fifth of the posts share in an hour; "
        "transforms alone"
    ),
    job="coordination",
    module="bench.coordination_runs",
    flood="one link by {:,} accounts",
    largest=2.0,
    growth=1.3,
    note=f"up to {FEW_POSTS:,} posts are measured by Spark's driver, more by workers.",
    more=lambda told: f"; {told['objects_cut']} objects cut; at most {told['peak_mb']:,} MB in a Python process",
).benchmark
