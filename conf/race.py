"""A race: the candidates who are counted, and the names by which posts mention them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from conf.aliases import alias_of, alias_pattern
from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.folding import bare_handle, fold, fold_tag
from conf.part import Part

METHOD = "mentions/2 votes/1 interval/normal-95"
"""The version of the definitions of mentions, votes and intervals.

It is part of the `method` of every result by race.
"""

Matched = Literal["text", "cards", "alt"]
"""Where aliases are searched: in the text, in link cards and polls, in the descriptions of images."""
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Phrase = Annotated[str, Field(min_length=1, max_length=200)]


def _has_letters(alias: str) -> str:
    if not any(c.isalnum() for c in fold(alias)):
        raise ValueError("has no letter or digit; use a word that people write")
    return alias


class Candidate(Part):
    """A candidate who is counted, and the names by which posts mention the candidate."""

    id: Id
    name: Phrase
    aliases: tuple[Annotated[Phrase, AfterValidator(_has_letters)], ...] = ()
    handles: tuple[Phrase, ...] = ()
    hashtags: tuple[Annotated[Phrase, AfterValidator(_has_letters)], ...] = ()

    @model_validator(mode="after")
    def _can_be_found(self) -> "Candidate":
        if not (self.aliases or self.handles or self.hashtags):
            raise ValueError("give at least one of aliases, handles or hashtags")
        return self

    @property
    def needles(self) -> list[str]:
        """Texts of which each folded text with an alias holds one, sorted. None stands in another, so they are few."""
        texts = {alias_of(alias).needle for alias in self.aliases}
        return sorted(text for text in texts if not any(other in text for other in texts - {text}))

    @property
    def pattern(self) -> str:
        """One pattern that finds the aliases in folded text; empty if there are none."""
        return alias_pattern(self.aliases)

    @property
    def folded_hashtags(self) -> list[str]:
        """The hashtags as posts store them, sorted."""
        return sorted({fold_tag(tag) for tag in self.hashtags})

    @property
    def lower_handles(self) -> list[str]:
        """The handles as posts store them, sorted."""
        return sorted({bare_handle(handle) for handle in self.handles})


Shares = dict[str, Annotated[float, Field(ge=0, le=1)]]
"""Shares, 0..1, by candidate id."""


class Poll(Part):
    """An opinion poll before the vote.

    `date` is the last day of its interviews; `shares` do not include the undecided.
    """

    name: Phrase
    date: date
    shares: Shares = Field(min_length=1)


class Race(Part):
    """The candidates whose shares are compared. `outcome` is the official vote share of each, 0..1; it is optional.

    The backtest compares `polls` with the conversation. Each must have a share for every candidate in `outcome`.
    """

    id: Id
    title: str = ""
    candidates: tuple[Candidate, ...] = Field(min_length=1)
    outcome: Shares = Field(default_factory=dict)
    polls: tuple[Poll, ...] = ()
    _match: tuple[Matched, ...] = PrivateAttr(("text",))

    @model_validator(mode="after")
    def _ids_are_unique_and_known(self) -> "Race":
        ids = [candidate.id for candidate in self.candidates]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"candidate id {twice[0]!r} is used twice; make it unique")
        _check_shares("outcome", self.outcome, ids)
        return self

    @model_validator(mode="after")
    def _polls_fit(self) -> "Race":
        names = [poll.name for poll in self.polls]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"poll name {twice[0]!r} is used twice; make it unique")
        for poll in self.polls:
            _check_shares(f"poll {poll.name!r}", poll.shares, [candidate.id for candidate in self.candidates])
            if missing := sorted(set(self.outcome) - set(poll.shares)):
                raise ValueError(f"poll {poll.name!r} has no share for {missing[0]!r}, who is in outcome; add it")
            if not sum(poll.shares.values()):
                raise ValueError(f"poll {poll.name!r} has 0 for everyone; remove it")
        return self

    @property
    def match(self) -> tuple[Matched, ...]:
        """Where aliases are searched: what the topic's `match` says, in the order of Matched."""
        return self._match

    def matched_in(self, match: tuple[Matched, ...]) -> "Race":
        """Returns the race with another `match`."""
        race = self.model_copy()
        race._match = match
        return race

    @property
    def method(self) -> str:
        """A digest of what the race's shares depend on: its rules, the folding and the counting method."""
        rules = [[c.id, c.pattern, c.folded_hashtags, c.lower_handles] for c in self.candidates]
        more = [] if self.match == ("text",) else [self.match]
        return digest(METHOD, FOLDING, self.id, sorted(rules), *more)


def _check_shares(what: str, shares: Shares, ids: list[str]) -> None:
    """Raises ValueError for a share of somebody who is not in the race, or if the shares sum to more than 1."""
    if unknown := sorted(set(shares) - set(ids)):
        raise ValueError(f"{what} names {unknown[0]!r}, who is not a candidate of the race")
    if sum(shares.values()) > 1 + 1e-9:
        raise ValueError(f"{what} sums to more than 1; give shares such as 0.39, not per cent")
