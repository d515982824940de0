"""Metrics of a command that runs, as Prometheus reads them: over HTTP."""

import urllib.request
from collections.abc import Callable


def scrape(port: int) -> dict[str, float]:
    """Returns the samples by name and labels; none while nothing listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return {}
    return {name: float(value) for name, value in (s.rsplit(" ", 1) for s in lines if not s.startswith("#"))}


def reaches(port: int, sample: str, value: float) -> Callable[[], bool]:
    """Returns what tells whether a sample has this value now."""
    return lambda: scrape(port).get(sample) == value
