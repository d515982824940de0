"""The poll's interval: a bootstrap over authors agrees with it, and it covers the true share as often as it says."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from conf.topic import parse_topic
from jobs.measures.votes import candidate_counts, interval_half_width, votes, with_every_candidate

CANDIDATES = ("ana", "bob", "cy")
TOPIC = parse_topic(
    "topic: t\nraces: [{id: r, candidates: ["
    + ", ".join(f"{{id: {name}, name: {name}, aliases: [{name}]}}" for name in CANDIDATES)
    + "]}]",
    "f",
)
POPULATION, SAMPLE, DRAWS, BOOTSTRAP = 20_000, 400, 500, 2_000
Posts = npt.NDArray[np.int64]
"""Mentioning posts, by author and candidate."""


def heavy_tailed_authors(draws: np.random.Generator) -> Posts:
    """Returns a finite population of authors.

    Most write one post, a few write hundreds. Most have a favourite, some name several candidates.
    """
    posts = np.minimum(draws.zipf(1.8, POPULATION), 5_000)
    leanings = draws.dirichlet([0.5, 0.3, 0.1], POPULATION)
    return draws.multinomial(posts, leanings)


def vote_of(posts: Posts) -> npt.NDArray[np.float64]:
    return np.asarray(posts / posts.sum(axis=-1, keepdims=True))


def intervals(spark: SparkSession, samples: list[Posts], folder: Path) -> npt.NDArray[np.float64]:
    """Returns (low, high) by sample and candidate, computed by the poll's own steps.

    For these steps, each sample is a period.
    """
    rows = [
        (f"{number}:{author}", str(number), name, count)
        for number, posts in enumerate(samples)
        for author, counts in enumerate(posts.tolist())
        for name, count in (*zip(CANDIDATES, counts, strict=True), ("", max(counts)))
        if count
    ]
    columns = dict(zip(("voter", "period", "candidate", "posts"), zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table(columns), folder / "counts.parquet")
    zeros = [F.lit(0).alias(name) for name in ("originals", "retweets", "replies", "quotes")]
    at = [F.lit("2016-05-01").cast("timestamp").alias(name) for name in ("period_start", "period_end")]
    counts = spark.read.parquet(str(folder)).select(
        "*", F.lit("r").alias("race"), *at, *zeros, F.lit(True).alias("unflagged")
    )
    share = F.col("votes") / F.col("authors_total")
    polled = with_every_candidate(candidate_counts(votes(counts)), TOPIC, {"r": ""})
    found = polled.select("period", "candidate", share.alias("share"), interval_half_width(share).alias("half"))
    result = np.full((len(samples), len(CANDIDATES), 2), np.nan)
    for row in found.collect():
        ends = (row.share - row.half, row.share + row.half)
        result[int(row.period), CANDIDATES.index(row.candidate)] = ends
    return result


@pytest.fixture(scope="module")
def drawn(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Posts, list[Posts], npt.NDArray[np.float64]]:
    """The population, the samples drawn from it without replacement, and each sample's intervals."""
    draws = np.random.default_rng(2016)
    population = heavy_tailed_authors(draws)
    samples = [population[draws.choice(POPULATION, SAMPLE, replace=False)] for _ in range(DRAWS)]
    return population, samples, intervals(spark, samples, tmp_path_factory.mktemp("counts"))


Drawn = tuple[Posts, list[Posts], npt.NDArray[np.float64]]


def test_the_authors_are_as_uneven_as_real_ones(drawn: Drawn) -> None:
    posts = np.sort(drawn[0].sum(axis=1))
    assert posts[-POPULATION // 10 :].sum() > 0.75 * posts.sum()


@pytest.mark.parametrize("candidate", range(len(CANDIDATES)))
def test_the_interval_covers_the_populations_share_as_often_as_it_says(drawn: Drawn, candidate: int) -> None:
    population, _, found = drawn
    truth = vote_of(population).mean(axis=0)[candidate]
    covered = (found[:, candidate, 0] <= truth) & (truth <= found[:, candidate, 1])
    assert 0.93 <= covered.mean() <= 0.97


@pytest.mark.parametrize("candidate", range(len(CANDIDATES)))
def test_a_bootstrap_over_authors_agrees(drawn: Drawn, candidate: int) -> None:
    _, samples, found = drawn
    ballots = vote_of(samples[0])[:, candidate]
    chosen = np.random.default_rng(7).integers(0, SAMPLE, (BOOTSTRAP, SAMPLE))
    bootstrap = np.percentile(ballots[chosen].mean(axis=1), [2.5, 97.5])
    width = found[0, candidate, 1] - found[0, candidate, 0]
    assert np.abs(found[0, candidate] - bootstrap).max() < 0.05 * width
