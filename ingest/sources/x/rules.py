"""Turns a topic into rules of X's filtered stream: as few as possible, and always the same for the same topic.

Rules: https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from conf.errors import WrongUse
from conf.topic import Topic
from ingest.sources.x.clauses import LeftOut, Wish, keyword_wish, language_factor, length_of, open_edge, user_wish
from ingest.sources.x.tiles import MOST_TILES, box_wishes

MOST_RULES = 1000
LONGEST_RULE = 1024
OR = " OR "


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; `id` is empty until X has the rule."""

    value: str
    tag: str = ""
    id: str = ""

    @property
    def length(self) -> int:
        """The number of characters, as counted for X's limit: too high rather than too low."""
        return length_of(self.value)


@dataclass(frozen=True, slots=True)
class RulePlan:
    """The rules that a topic should have on X, and the parts of the topic that they do not cover."""

    topic: str
    rules: list[Rule]
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def tag(self) -> str:
        """The tag that marks the topic's rules among all rules of the account."""
        return tag_of(self.topic)


def tag_of(topic: str) -> str:
    """Returns the tag of a topic's rules.

    All rules of a topic have the same tag, since X accepts a rule's text only once, whatever the tag is.
    """
    return f"pulso:{topic}"


def rules_of(topic: Topic) -> RulePlan:
    """Returns the topic's rules, and the parts of the topic that X's rules can't express.

    Raises WrongUse when the topic asks for nothing, or only for languages that X can't filter by.
    """
    collect = topic.collect
    if not (collect.keywords or collect.users or collect.geo):
        raise WrongUse(
            f"topic {topic.topic} has nothing to collect", "Give collect: keywords, users or geo in its topic file"
        )
    factor, left_out = language_factor(collect.languages)
    if collect.languages and not factor:
        raise WrongUse(
            f"topic {topic.topic}: X can filter by none of its languages ({', '.join(collect.languages)})",
            "Give codes such as en or tl under collect.languages, or remove languages from collect",
        )
    found = list(_wishes(topic))
    left_out += [part for part in found if isinstance(part, LeftOut)]
    room = LONGEST_RULE - (length_of(factor) + len("() ") if factor else 0)
    packed, unpacked = _packed(_distinct(part for part in found if isinstance(part, Wish)), room)
    tag = tag_of(topic.topic)
    rules = [Rule(_value(clauses, factor), tag) for clauses in packed]
    return RulePlan(topic.topic, rules, left_out + unpacked)


def diff(plan: RulePlan, existing: Iterable[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Returns the rules to add, and the rules to remove. Only rules with the topic's tag are ever removed."""
    ours = {rule.value: rule for rule in existing if rule.tag == plan.tag}
    wanted = {rule.value for rule in plan.rules}
    add = [rule for rule in plan.rules if rule.value not in ours]
    return add, [rule for value, rule in ours.items() if value not in wanted]


def _wishes(topic: Topic) -> Iterator[Wish | LeftOut]:
    for keyword in topic.collect.keywords:
        yield from (keyword_wish(keyword), *open_edge(keyword))
    yield from (user_wish(user) for user in topic.collect.users)
    tiles = MOST_TILES
    for box in topic.collect.geo:
        found = box_wishes(box, tiles)
        tiles -= sum(isinstance(part, Wish) for part in found)
        yield from found


def _distinct(wishes: Iterable[Wish]) -> list[Wish]:
    return list({wish.clause.casefold(): wish for wish in wishes}.values())


def _packed(wishes: list[Wish], room: int) -> tuple[list[list[str]], list[LeftOut]]:
    """Packs the wishes into rules with `room` characters; returns the clauses of each rule, and the wishes left out.

    It is first fit, longest first, which wastes little room. Places come last, so they are left out if the rules are
    full. Neither the rules nor the order within a rule depend on the order in the topic file.
    """
    rules: list[list[Wish]] = []
    rooms: list[int] = []
    left_out: dict[str, LeftOut] = {}
    for wish in sorted(wishes, key=_packing_order):
        size = length_of(wish.clause)
        place = next((i for i, left in enumerate(rooms) if len(OR) + size <= left), len(rules))
        if place < len(rules):
            rules[place].append(wish)
            rooms[place] -= len(OR) + size
        elif size > room:
            left_out[wish.what] = LeftOut(wish.what, f"needs {size:,} characters, and a rule has room for {room}")
        elif len(rules) == MOST_RULES:
            left_out[wish.what] = LeftOut(wish.what, f"does not fit into the {MOST_RULES:,} rules that X takes")
        else:
            rules.append([wish])
            rooms.append(room - size)
    clauses = [[wish.clause for wish in sorted(rule, key=_reading_order)] for rule in rules]
    return clauses, list(left_out.values())


def _packing_order(wish: Wish) -> tuple[bool, int, str, str]:
    return wish.what.startswith("box "), -length_of(wish.clause), wish.clause.casefold(), wish.clause


def _reading_order(wish: Wish) -> tuple[bool, bool, str, str]:
    return wish.what.startswith("box "), wish.what.startswith("user "), wish.clause.casefold(), wish.clause


def _value(clauses: list[str], factor: str) -> str:
    value = OR.join(clauses)
    return f"({value}) {factor}" if factor else value
