"""Which series an expression of Prometheus asks for, and whether samples that were scraped have them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
OWN = {"up"}
"""Series that Prometheus makes itself."""
ADDED = {"job", "instance"}
"""Labels that Prometheus adds."""
OF_HISTOGRAMS = {"le"}
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_SELECTOR = re.compile(r"([A-Za-z_:][\w:]*)\s*(\{[^}]*\})?(\s*\()?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


@dataclass(frozen=True)
class Selector:
    """A series that is asked for: its name, and the labels that must be equal to a value."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()


def selectors(expression: str) -> Iterator[Selector]:
    """Yields the selectors of an expression."""
    text = re.sub(r"\[[^\]]*\]", "", _GROUPING.sub("", expression))
    text = re.sub(r"(?<![\w:])\d[\w.]*", "", text)
    for name, labels, called in _SELECTOR.findall(text):
        if not called and name not in KEYWORDS:
            matchers = _MATCHER.findall(labels)
            yield Selector(name, tuple((label, value) for label, how, value in matchers if how == "="))


def grouped_by(expression: str) -> set[str]:
    """Returns the labels by which an expression groups."""
    return {name for group in _GROUPING.findall(expression) for name in re.findall(r"\w+", group)[1:]}


def sample(line: str) -> Selector:
    """Returns a sample's name and labels, from the key that `scrape` gives it."""
    name, _, labels = line.partition("{")
    return Selector(name, tuple((label, value) for label, _, value in _MATCHER.findall(labels)))


def missing(expression: str, samples: Iterable[Selector]) -> list[str]:
    """Returns what an expression asks for that no sample has: series, and labels to group by."""
    known = list(samples)
    lacking = []
    for one in selectors(expression):
        wanted = {(label, value) for label, value in one.labels if label not in ADDED}
        if one.name not in OWN and not any(one.name == it.name and wanted <= set(it.labels) for it in known):
            lacking.append(f"{one.name}{dict(wanted) or ''}")
    labels = {label for it in known for label, _ in it.labels}
    return lacking + sorted(grouped_by(expression) - labels - ADDED)
