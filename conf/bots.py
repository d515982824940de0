"""The thresholds of the bot rules: the `bots` part of a topic file.

Each threshold has a default, and a description with its unit.

An author's score in a period is the sum of the weights of the rules that fire, at most 1. With the default weights,
`declared` is the only rule that is enough by itself to flag an author. Otherwise at least two rules must fire to reach
`flag_at`, and at least one of them must be strong: the weights of the three weak rules (`retweet_share`, `new_account`,
`follow_ratio`) together are below `flag_at`. `jobs/measures/bot_rules.py` applies the rules.

Only the posting rate has a published model: Howard and Kollanyi (2016, "Bots, #StrongerIn, and #Brexit") call accounts
that post 50 times a day or more on one topic heavily automated. The other thresholds are our own. They were set with
generated corpora, so check them with real accounts of each topic.
"""

from typing import Annotated

from pydantic import Field

from conf.digest import digest
from conf.part import Part

Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Rule(Part):
    """The fields of all rules: the weight in the score, and how many posts in a period a rule needs to fire."""

    weight: Weight = Field(
        0.4, description="weight in the score, 0..1; with 0 the rule is listed in bot_flags but adds nothing"
    )
    min_posts: Count = Field(20, description="posts in the period that the rule needs, at least")


class PostingRate(Rule):
    """`posting_rate`: the account posts very often.

    The figure is the number of posts in the period, divided by its hours. For `day` and `window`, only the days on
    which the author posted count, with 24 hours each, but never more hours than the period has.
    """

    min_posts: Count = Field(50, description="posts in the period that the rule needs, at least")
    posts_an_hour: float = Field(2.0, gt=0, description="posts per hour, at least")


class RoundTheClock(Rule):
    """`round_the_clock`: the account never rests. The rule is applied only to the window, not to hours and days.

    The rule looks for the `quiet_hours` consecutive hours of the day in which the author posts least. People sleep in
    these hours, whatever their time zone. The rule fires when at least the part `share` of the author's posts is in
    these hours.
    """

    min_posts: Count = Field(60, description="posts in the period that the rule needs, at least")
    min_days: Count = Field(3, description="days with posts that the rule needs, at least; topic's time zone")
    quiet_hours: int = Field(6, ge=1, le=12, description="consecutive hours of the day that are compared")
    share: Share = Field(
        0.12,
        description="share of the posts in the quietest such hours, 0..1, at least; if spread evenly: quiet_hours/24",
    )


class NearDuplicates(Rule):
    """`near_duplicates`: many of the author's posts repeat a text. Retweets do not count.

    A post repeats a text if it has nearly the same words as another post of the same author in the job's window, or
    exactly the same words as posts of at least `campaign_authors` authors in that window. `min_posts` counts posts that
    are not retweets.
    """

    share: Share = Field(
        0.5, description="share of repeated texts among the posts that are not retweets, 0..1, at least"
    )
    min_words: int = Field(5, ge=2, le=100, description="words of a text, at least; shorter texts are not compared")
    campaign_authors: int = Field(
        5, ge=2, description="a copy-paste campaign has at least this many authors of the same words"
    )


class RetweetShare(Rule):
    """`retweet_share`: the account posts (almost) only retweets. A weak sign: many people do the same."""

    weight: Weight = Field(0.15, description="part in the score, 0..1")
    share: Share = Field(0.95, description="share of retweets among the posts, 0..1, at least")


class NewAccount(Rule):
    """`new_account`: the account was opened shortly before the author's first post in the period. A weak sign."""

    weight: Weight = Field(0.15, description="part in the score, 0..1")
    days: float = Field(90, gt=0, description="age at the first post in the period, days; a younger account is new")


class FollowRatio(Rule):
    """`follow_ratio`: the account follows very many accounts and is followed by few. A weak sign."""

    weight: Weight = Field(0.15, description="part in the score, 0..1")
    following: Count = Field(1000, description="accounts followed, at least")
    ratio: float = Field(20, gt=0, description="accounts followed per follower, at least")


class Client(Rule):
    """`client`: the posts come from apps that the topic file lists; letter case does not matter.

    By default the list is empty.
    """

    labels: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        (), description="labels of apps, as X and Mastodon name them, such as twittbot.net"
    )
    share: Share = Field(0.5, description="share of the posts that come from these apps, 0..1, at least")


class Declared(Rule):
    """`declared`: the account itself says that it is automated (Mastodon)."""

    weight: Weight = Field(1.0, description="part in the score, 0..1")
    min_posts: Count = Field(1, description="posts in the period that the rule needs, at least")


class Bots(Part):
    """All rules, and the lowest score with which an author counts as flagged."""

    flag_at: Share = Field(0.5, description="score, 0..1, from which an author is left out of share_authors_no_bots")
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
        """A digest of the rules' thresholds and weights: all that shapes the rows of `author_activity`.

        `flag_at` shapes the poll alone, whose `method` has it besides.
        """
        return digest(self.model_dump(mode="json", exclude={"flag_at"}))


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
"""The rules by name, in alphabetical order, which is the order of `bot_flags`."""
