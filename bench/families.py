"""Families: how long `text_families` takes beside `candidate_poll`, and with one text that very many accounts post."""

from bench.beside import Beside
from jobs.graphs.family_posts import FEW_POSTS

benchmark = Beside(
    title="text_families beside candidate_poll, and with one text that a fifth of the posts repeat; transforms alone",
    job="text_families",
    module="bench.family_runs",
    flood="one text {:,} times",
    largest=1.0,
    growth=1.2,
    note=f"up to {FEW_POSTS:,} posts are counted by Spark's driver, more by workers.",
    added=lambda copies: copies,
).benchmark
