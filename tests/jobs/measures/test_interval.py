"""The poll's interval: a bootstrap over authors agrees with it, and it covers the true share as often as it says."""

import numpy as np
import numpy.typing as npt
import pytest

from jobs.measures.ballots import Ballots, Spans, count, interval_half_width, share_authors

CANDIDATES = ("ana", "bob", "cy")
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


def intervals(samples: list[Posts]) -> npt.NDArray[np.float64]:
    """Returns (low, high) by sample and candidate, computed by the poll's own steps.

    For these steps, each sample is a period of one microsecond, and its authors are of nobody else's sample.
    """
    posts = np.concatenate(samples)
    author, candidate = np.nonzero(posts)
    repeated = np.repeat(np.arange(len(author)), posts[author, candidate])
    author, candidate = author[repeated], candidate[repeated]
    sample = author // SAMPLE
    spans = Spans("sample", np.arange(len(samples)), np.arange(1, len(samples) + 1))
    mentioned = candidate[:, None] == np.arange(len(CANDIDATES))
    flagged = np.zeros(len(posts), np.bool_)
    counts = count(Ballots(author, sample, np.zeros_like(author), mentioned, flagged, flagged), spans, ["originals"])
    share, half = share_authors(counts), interval_half_width(counts)
    return np.stack([share - half, share + half], axis=1).reshape(len(samples), len(CANDIDATES), 2)


@pytest.fixture(scope="module")
def drawn() -> tuple[Posts, list[Posts], npt.NDArray[np.float64]]:
    """The population, the samples drawn from it without replacement, and each sample's intervals."""
    draws = np.random.default_rng(2016)
    population = heavy_tailed_authors(draws)
    samples = [population[draws.choice(POPULATION, SAMPLE, replace=False)] for _ in range(DRAWS)]
    return population, samples, intervals(samples)


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
