"""The bot rules' thresholds: the `bots` part of a topic file. Every one has a default, and a unit in its description.

An author's score in a period is the sum of the weights of the rules that fire, cut to 1. With the default weights no
rule flags an author alone but `declared`: it takes two signs, one of them strong, to reach `flag_at`; the three weak
ones (`retweet_share`, `new_account`, `follow_ratio`) do not reach it together. `jobs/measures/bot_rules.py` applies
the rules.

Only the rate has a published model: Howard and Kollanyi (2016, "Bots, #StrongerIn, and #Brexit") call accounts that
post 50 times a day or more on one topic heavily automated. The others are ours; they were set on generated corpora
and are to be read with each topic's own accounts at hand.
"""

from typing import Annotated

from pydantic import Field

from conf.digest import digest
from conf.part import Part

Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Rule(Part):
    """What each rule has: its part in the score, and the posts in the period below which it does not fire."""

    weight: Weight = Field(0.4, description="part in the score, 0..1; 0 keeps the flag and leaves the score alone")
    min_posts: Count = Field(20, description="posts in the period")


class PostingRate(Rule):
    """`posting_rate`: posts an hour, over the whole days on which the author posted (over the hour, in an hour)."""

    min_posts: Count = Field(50, description="posts in the period")
    posts_an_hour: float = Field(2.0, gt=0, description="posts an hour")


class RoundTheClock(Rule):
    """`round_the_clock`: no hours of rest.

    Of all stretches of so many hours of the day, the one in which the author posts least; it is what nights are to
    people, whatever their time zone. It fires when even that stretch holds a fair share of the posts.
    """

    min_posts: Count = Field(60, description="posts in the period")
    min_days: Count = Field(3, description="days of the topic's on which the author posted, in the period")
    quiet_hours: int = Field(6, ge=1, le=12, description="length of the quietest stretch, hours of the day")
    share: Share = Field(0.12, description="least share of the posts in that stretch; an even spread has hours/24")


class NearDuplicates(Rule):
    """`near_duplicates`: the share of the author's posts, retweets left out, whose text is one already seen.

    Seen means: nearly the same words as another post of the author's own in the job's window, or exactly the same
    words as posts by `campaign_authors` authors there. `min_posts` counts posts that are no retweets.
    """

    share: Share = Field(0.5, description="share of the posts that are no retweets")
    min_words: int = Field(5, ge=2, le=100, description="words below which a text is too short to be told apart")
    campaign_authors: int = Field(5, ge=2, description="authors of the same words that make a copy-paste campaign")


class RetweetShare(Rule):
    """`retweet_share`: (almost) nothing but retweets. A weak sign: many people do the same."""

    weight: Weight = Field(0.15, description="part in the score, 0..1")
    share: Share = Field(0.95, description="retweets over posts")


class NewAccount(Rule):
    """`new_account`: the account was opened shortly before the author's first post in the period. A weak sign."""

    weight: Weight = Field(0.15, description="part in the score, 0..1")
    days: float = Field(90, gt=0, description="age in days at the first post in the period, below which it is new")


class FollowRatio(Rule):
    """`follow_ratio`: follows very many and is followed by few. A weak sign."""

    weight: Weight = Field(0.15, description="part in the score, 0..1")
    following: Count = Field(1000, description="accounts followed, at least")
    ratio: float = Field(20, gt=0, description="accounts followed for each follower, at least")


class Client(Rule):
    """`client`: posts come from apps that the topic lists, compared case aside. The list is empty unless given."""

    labels: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        (), description="labels of apps, as X and Mastodon give them, such as twittbot.net"
    )
    share: Share = Field(0.5, description="share of the posts that came from those apps")


class Declared(Rule):
    """`declared`: the account itself says that it is automated (Mastodon)."""

    weight: Weight = Field(1.0, description="part in the score, 0..1")
    min_posts: Count = Field(1, description="posts in the period")


class Bots(Part):
    """All rules, and from which score on an author counts as flagged."""

    flag_at: Share = Field(0.5, description="score, 0..1, from which an author is left out of the poll without bots")
    posting_rate: PostingRate = PostingRate()
    round_the_clock: RoundTheClock = RoundTheClock()
    near_duplicates: NearDuplicates = NearDuplicates()
    retweet_share: RetweetShare = RetweetShare()
    new_account: NewAccount = NewAccount()
    follow_ratio: FollowRatio = FollowRatio()
    client: Client = Client()
    declared: Declared = Declared()

    @property
    def digest(self) -> str:
        """A digest of every threshold and weight; `author_activity` stores it as part of its `method`."""
        return digest(self.model_dump(mode="json"))


RULES: dict[str, type[Rule]] = {
    "client": Client,
    "declared": Declared,
    "follow_ratio": FollowRatio,
    "near_duplicates": NearDuplicates,
    "new_account": NewAccount,
    "posting_rate": PostingRate,
    "retweet_share": RetweetShare,
    "round_the_clock": RoundTheClock,
}
"""The rules by name, in alphabetical order: the order of `bot_flags`."""
