"""Checks a topic's rules: against each other, and against the newest posts that are stored under the topic."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import regex
from cassandra.cluster import Session

from conf.aliases import alias_of, alias_pattern
from conf.folding import bare_handle, fold_tag
from conf.race import Candidate, Matched, Race
from conf.schema import bound
from conf.tables import MATCHED, POSTS
from conf.topic import Topic
from stores.execute import in_flight
from stores.prepare import prepared

Place = tuple[str, str]
"""The ids of a race and of a candidate."""
_COLUMNS = ("hashtags", "mentions", "retweet_of_author", "reply_to_author", "quote_of_author")


@dataclass(frozen=True)
class Rule:
    """One way in which posts mention a candidate: `kind` is alias, hashtag or handle; `written` is from the file.

    `match` says in which texts aliases are searched.
    """

    place: Place
    kind: str
    written: str
    match: tuple[Matched, ...] = ("text",)

    def __str__(self) -> str:
        return f"{'/'.join(self.place)}: {self.kind} {self.written}"

    def holds(self, post: Any) -> bool:
        """Returns whether a stored post meets the rule."""
        if self.kind == "alias":
            texts = [getattr(post, MATCHED[each]) or "" for each in self.match]
            return any(self._needle in text and self._pattern.search(text) is not None for text in texts)
        if self.kind == "hashtag":
            return fold_tag(self.written) in (post.hashtags or ())
        referred = (post.retweet_of_author, post.reply_to_author, post.quote_of_author)
        return bare_handle(self.written) in (*(post.mentions or ()), *referred)

    def stands_in(self, other: "Rule") -> bool:
        """Returns whether each post with another rule's alias holds this rule's alias, too."""
        return self._pattern.search(alias_of(other.written).text) is not None

    @cached_property
    def compared(self) -> object:
        """What two rules of one kind have in common if they are the same rule."""
        forms = {"alias": alias_of, "hashtag": fold_tag, "handle": bare_handle}
        return forms[self.kind](self.written)

    @cached_property
    def _needle(self) -> str:
        return alias_of(self.written).needle

    @cached_property
    def _pattern(self) -> "regex.Pattern[str]":
        return regex.compile(alias_pattern([self.written]))


@dataclass(frozen=True, slots=True)
class Limits:
    """When a rule is warned of.

    An alias is taken for a common word if it matches more than the part `common` (0..1) of the posts. That a rule
    matches nothing is told if at least `enough` posts were read.
    """

    common: float
    enough: int


def rules_of(topic: Topic) -> list[Rule]:
    """Returns every rule of the topic's candidates, in the file's order."""
    return [rule for race in topic.races for candidate in race.candidates for rule in _rules(race, candidate)]


def shared(topic: Topic) -> Iterator[str]:
    """Yields a line for each two candidates of one race whose posts are counted for both because of their rules."""
    for race in topic.races:
        for one, other in combinations([_rules(race, candidate) for candidate in race.candidates], 2):
            for a, b in ((a, b) for a in one for b in other if a.kind == b.kind):
                if a.compared == b.compared:
                    yield f"{a} is also a rule of {b.place[1]}: each such post counts for both. Remove it from one"
                elif a.kind == "alias":
                    yield from (_inside(x, y) for x, y in ((a, b), (b, a)) if x.stands_in(y))


def newest_posts(session: Session, keyspace: str, topic: Topic, most: int) -> Iterator[Any]:
    """Yields up to `most` of the topic's newest posts, in no order. Raises the driver's errors.

    They are those of whole days, from the newest day on; of the last day read, it is as many from each bucket.
    """
    table = f"{keyspace}.{POSTS.name}"
    keys = session.execute(prepared(session, f"SELECT DISTINCT {', '.join(POSTS.partition)} FROM {table}"))
    partitions = [(key.day.date(), key.bucket) for key in keys if key.topic == topic.topic]
    where = f"WHERE {bound(POSTS.partition)} ORDER BY source DESC, post_id DESC LIMIT ?"
    columns = ", ".join([*_COLUMNS, *(MATCHED[each] for each in topic.match)])
    select = prepared(session, f"SELECT {columns} FROM {table} {where}")
    left = most
    for day in sorted({day for day, _ in partitions}, reverse=True):
        buckets = [bucket for of, bucket in partitions if of == day]
        each = -(-left // len(buckets))
        sent = in_flight(buckets, lambda b: session.execute_async(select, (topic.topic, day, b, each)))  # noqa: B023
        for _, future in sent:
            for row in future.result():
                if left:
                    left -= 1
                    yield row
        if not left:
            return


def judged(rules: Iterable[Rule], posts: Iterable[Any], limits: Limits) -> tuple[int, list[str]]:
    """Returns how many posts there were, and a line for each rule that matched too many of them, or none."""
    known = list(rules)
    found: Counter[Rule] = Counter()
    total = 0
    for total, post in enumerate(posts, 1):  # noqa: B007
        found.update(rule for rule in known if rule.holds(post))
    return total, [line for rule in known if (line := _judgement(rule, found[rule], total, limits))]


def _judgement(rule: Rule, matched: int, total: int, limits: Limits) -> str:
    if rule.kind == "alias" and total and matched / total > limits.common:
        part = f"{matched / total:.0%} of {total:,} posts"
        return f"{rule} matches {part}. If it is a common word, use a longer name; `readers search` shows what it finds"
    if not matched and total >= limits.enough:
        return f"{rule} matches none of {total:,} posts. Check its spelling, or remove it"
    return ""


def _inside(short: Rule, long: Rule) -> str:
    name = long.place[1]
    return f"{short} stands in {name}'s alias {long.written}: each such post counts for both. Use a longer name"


def _rules(race: Race, candidate: Candidate) -> list[Rule]:
    kinds = {"alias": candidate.aliases, "hashtag": candidate.hashtags, "handle": candidate.handles}
    place = (race.id, candidate.id)
    return [Rule(place, kind, written, race.match) for kind, all_ in kinds.items() for written in all_]
