"""`python -m ingest topics`: checks the rules of a topic file, and how its stored posts are partitioned."""

from typing import Annotated

import orjson
import typer
from rich.table import Table

from conf import cli
from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from ingest.topic_check import Limits, judged, newest_posts, rules_of, shared
from ingest.topic_layout import day_rows, judgement
from stores.connect import cassandra_session

app = cli.application("The rules of topic files, and the partitions of their posts.")


@app.callback()
def topics() -> None:
    """The rules of topic files, and the partitions of their posts."""


@app.command()
def check(
    topic: Annotated[str, typer.Argument(help="Topic: the name of its file in conf/topics.")],
    posts: Annotated[int, typer.Option(help="Read at most this many of the newest stored posts.", min=1)] = 20_000,
    common: Annotated[
        float, typer.Option(help="Warn of an alias that matches more than this part of the posts.", min=0, max=1)
    ] = 0.5,
    enough: Annotated[
        int, typer.Option(help="Warn of a rule that matches nothing once this many posts were read.", min=1)
    ] = 1_000,
) -> None:
    """Warn of an alias that is a common word, of rules that two candidates share, of rules that match nothing."""
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    rules = rules_of(topic_file)
    alone = list(shared(topic_file))
    for line in alone:
        typer.echo(line)
    with cassandra_session(settings) as session:
        stored = newest_posts(session, settings.keyspace, topic_file, posts)
        total, found = judged(rules, stored, Limits(common, enough))
    for line in found:
        typer.echo(line)
    few = f"; rules that match nothing are told from {enough:,} posts on" if total < enough else ""
    typer.echo(f"{len(rules):,} rules, {total:,} posts; warnings: {len(alone) + len(found)}{few}", err=True)


@app.command()
def layout(
    topic: Annotated[str, typer.Argument(help="Topic: the name of its file in conf/topics.")],
    days: Annotated[int, typer.Option(help="Count so many of the newest days with posts.", min=1, max=1_000)] = 14,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show how full the partitions of the newest days are, and whether the file's `buckets` should be changed."""
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    with cassandra_session(settings) as session:
        found = day_rows(session, settings.keyspace, topic_file, days)
    told = list(judgement(topic_file, found))
    if as_json:
        shown = {"topic": topic_file.topic, "buckets": topic_file.buckets, "days": found, "told": told}
        typer.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
        return
    if found:
        table = Table("day", box=None, header_style="bold", pad_edge=False)
        for name in ("partitions", "rows a partition", "posts, about"):
            table.add_column(name, justify="right")
        for each in found:
            table.add_row(str(each.day), f"{each.buckets:,}", f"{each.rows:,}", f"{each.posts:,}")
        out_console().print(table)
    for line in told:
        typer.echo(line)
