"""`python -m ingest rules`: shows a topic's rules for X's filtered stream, and compares or replaces those on X."""

from collections.abc import Iterable
from typing import Annotated

import orjson
import typer

from conf import cli
from conf.settings import Settings, load_settings
from conf.topic import load_topic
from ingest.sources.x.rules import LONGEST_RULE, Rule, RulePlan, diff, rules_of

app = cli.application(
    "The topic as rules of X's filtered stream. `show` needs no connection; only `push` changes rules."
)
TopicName = Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")]


@app.command()
def show(
    topic: TopicName,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show each rule with its length. On stderr, show the parts of the topic that X's rules can't express."""
    plan = _plan(load_settings(), topic)
    if as_json:
        typer.echo(orjson.dumps(_as_dict(plan), option=orjson.OPT_INDENT_2).decode())
        return
    for rule in plan.rules:
        typer.echo(f"{rule.length:>5}  {rule.value}")
    typer.echo(f"{_rules(len(plan.rules))} of at most {LONGEST_RULE:,} characters, tagged {plan.tag}", err=True)
    _say_left_out(plan)


@app.command("diff")
def show_diff(topic: TopicName) -> None:
    """Show what `push` would add (+) and remove (-)."""
    from ingest.sources.x.api import XApi  # noqa: PLC0415 - tweepy takes half a second

    settings = load_settings()
    plan = _plan(settings, topic)
    add, remove = diff(plan, XApi(settings).rules())
    _list("-", remove)
    _list("+", add)
    unchanged = len(plan.rules) - len(add)
    typer.echo(f"{len(add):,} to add, {len(remove):,} to remove, {unchanged:,} unchanged", err=True)
    _say_left_out(plan)


@app.command()
def push(topic: TopicName) -> None:
    """Change the topic's rules on X to those of the topic file. The rules of other topics stay as they are."""
    from ingest.sources.x.api import XApi  # noqa: PLC0415 - tweepy takes half a second
    from ingest.sources.x.push import push as push_plan  # noqa: PLC0415

    settings = load_settings()
    plan = _plan(settings, topic)
    done = push_plan(XApi(settings), plan)
    _say_left_out(plan)
    typer.echo(f"{done.added:,} added, {done.removed:,} removed, {done.unchanged:,} unchanged")


def _plan(settings: Settings, topic: str) -> RulePlan:
    return rules_of(load_topic(topic, settings.topics_dir))


def _as_dict(plan: RulePlan) -> dict[str, object]:
    return {
        "topic": plan.topic,
        "tag": plan.tag,
        "rules": [{"value": rule.value, "length": rule.length} for rule in plan.rules],
        "left_out": [{"what": part.what, "why": part.why} for part in plan.left_out],
    }


def _list(sign: str, rules: Iterable[Rule]) -> None:
    for rule in rules:
        typer.echo(f"{sign} {rule.value}")


def _say_left_out(plan: RulePlan) -> None:
    for part in plan.left_out:
        typer.echo(f"left out: {part.what}: {part.why}", err=True)


def _rules(count: int) -> str:
    return f"{count:,} rule{'' if count == 1 else 's'}"
