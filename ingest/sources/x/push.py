"""Changes a topic's rules on X.

New rules are added before old ones are removed, so no wanted post is missed meanwhile.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from conf.errors import PulsoError
from ingest.sources.x.api import XApi
from ingest.sources.x.rules import MOST_RULES, Rule, RulePlan, diff


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of a push: the numbers of rules added, removed and unchanged."""

    added: int
    removed: int
    unchanged: int


def push(api: XApi, plan: RulePlan) -> Pushed:
    """Adds new rules, then removes old ones.

    If the account has too many rules, it first removes as many old rules as needed.

    Raises PulsoError when the plan does not fit beside the account's other rules; nothing is changed then. Also raises
    PulsoError when X refuses a rule. Then the old rules that were removed first are added again, and the new rules that
    X accepted stay.
    """
    existing = api.rules()
    add, remove = diff(plan, existing)
    _check(plan, existing, add)
    first = remove[: max(0, len(existing) + len(add) - MOST_RULES)]
    api.remove(first)
    try:
        api.add(add)
    except PulsoError:
        with suppress(PulsoError):
            api.add(first)
        raise
    api.remove(remove[len(first) :])
    return Pushed(len(add), len(remove), len(plan.rules) - len(add))


def _check(plan: RulePlan, existing: Sequence[Rule], add: Sequence[Rule]) -> None:
    if not plan.rules:
        why = "; ".join(f"{part.what} {part.why}" for part in plan.left_out[:3])
        raise PulsoError(f"no rule can be made from topic {plan.topic}: {why}", "Fix its collect part")
    others = {rule.value: rule for rule in existing if rule.tag != plan.tag}
    if len(others) + len(plan.rules) > MOST_RULES:
        raise PulsoError(
            f"X allows {MOST_RULES:,} rules: others use {len(others):,}, topic {plan.topic} needs {len(plan.rules):,}",
            "Make the topic smaller, or remove other rules",
        )
    if clash := [others[rule.value] for rule in add if rule.value in others]:
        raise PulsoError(
            f"X allows each rule only once; this one exists with the tag {clash[0].tag!r}: {clash[0].value[:80]}",
            "Change collect in one of the two topics, or remove that rule",
        )
