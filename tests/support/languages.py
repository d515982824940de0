"""Hand-written posts in 14 languages (`tests/conf/languages.yaml`), with whether a reader would count them."""

from typing import NamedTuple

import yaml

from conf import ROOT
from ingest.formats import Unit, parse, split
from tests.support.posts import stream_line, tweet

LANGUAGES = yaml.safe_load((ROOT / "tests" / "conf" / "languages.yaml").read_text(encoding="utf-8"))


class Case(NamedTuple):
    """A post, the candidate's aliases in its language, and whether the post counts."""

    language: str
    aliases: list[str]
    text: str
    counts: bool

    @property
    def folded(self) -> str:
        """The text as it is stored, having come as a post of X."""
        [unit] = split(stream_line(tweet(text=self.text)))
        assert isinstance(unit, Unit), unit
        return parse(unit.format, unit.payload).folded


CASES = [
    Case(language, each["aliases"], text, kind == "counted")
    for language, each in LANGUAGES.items()
    for kind in ("counted", "others")
    for text in each[kind]
]
