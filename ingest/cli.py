"""The command line of ingest: `python -m ingest COMMAND`."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import orjson
import typer

from conf import cli
from conf.settings import load_settings
from conf.tables import NETWORKS
from conf.terminal import progress
from conf.topic import load_topic
from ingest import metrics, views
from ingest.captures_cli import comply, forget, replay
from ingest.cluster_cli import cluster
from ingest.coverage_cli import coverage_of
from ingest.dead_letters_cli import app as dead_letters
from ingest.live.run import collect
from ingest.metrics import MetricsHost, MetricsPort
from ingest.names_cli import names
from ingest.queue.posts_queue import open_queue
from ingest.rules_cli import app as rules
from ingest.status import read_status
from ingest.topics_cli import app as topics
from ingest.work_cli import work
from ingest.write.migrate import migrate as bring_up
from stores.connect import cassandra_session
from stores.refused import refusals_told

app = cli.application("From a source, through Redis, into Cassandra. Add -v anywhere for tracebacks and debug logs.")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(rules, name="rules")
app.add_typer(topics, name="topics")
for command in (replay, comply, forget, names, cluster, work):
    app.command()(command)
app.command(name="coverage")(coverage_of)

TopicName = Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    return cli.run(app, "python -m ingest", argv, refusals_told)


@app.command()
def migrate() -> None:
    """Create or update the keyspace, tables, columns and indexes. Safe to repeat; no data is lost.

    Stop the workers of an earlier release first.
    """
    settings = load_settings()
    with cassandra_session(settings) as session, closing(views.MoveView()) as view:
        done = 0
        for done, line in enumerate(bring_up(session, settings, view.show), 1):  # noqa: B007
            typer.echo(line)
    if not done:
        typer.echo(f"keyspace {settings.keyspace} is up to date")


@app.command()
def stream(
    topic: TopicName,
    source: Annotated[str, typer.Option("--source", "-s", help=f"One of {', '.join(NETWORKS)}.")],
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = metrics.HOST,
) -> None:
    """Collect live, until SIGTERM or Ctrl-C. Gaps are recorded; `status` shows them."""
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    if source not in NETWORKS:
        raise typer.BadParameter(f"no source {source!r}: one of {', '.join(NETWORKS)}")
    with progress(counted=False) as display, metrics.served(metrics_port, metrics_host) as registry:
        view = views.StreamView(display, topic_file.topic, source)
        state = collect(settings, topic_file, source, lambda c: metrics.watch_collector(registry, c), view.show)
    typer.echo(views.stream_summary(state))


@app.command()
def generate(
    posts: Annotated[int, typer.Option(help="How many posts.", min=0)] = 170_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same corpus.", min=0)] = 2016,
    topic: Annotated[str, typer.Option("--topic", "-t", help="The topic whose races the posts are about.")] = "ph2016",
    pile_ons: Annotated[int, typer.Option(help="Plant so many posts under which people pile up.", min=0)] = 0,
    cells: Annotated[int, typer.Option(help="Add posts of so many groups that act together.", min=0)] = 0,
    truth: Annotated[Path | None, typer.Option(help="File for what was planted, as JSON lines.")] = None,
) -> None:
    """Write a deterministic election corpus as X v2 stream lines to stdout."""
    from corpus import generate as generate_lines  # noqa: PLC0415 - brings NumPy, which no other command needs

    settings = load_settings()
    races = load_topic(topic, settings.topics_dir)
    lines = generate_lines(races, posts, seed, pile_ons=pile_ons, cells=cells)
    if truth:
        from corpus.truth import write_truth  # noqa: PLC0415 - so does this

        write_truth(truth, races, posts, seed, pile_ons, cells)
    with progress() as display:
        task = display.add_task("generate", total=posts, note="")
        for chunk in lines:
            sys.stdout.buffer.write(chunk)
            display.update(task, advance=chunk.count(b"\n"))
    sys.stdout.buffer.flush()


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every two seconds.")] = False,
) -> None:
    """Show the backlog, rates, gaps and dead letters, by topic and source."""
    settings = load_settings()
    queue = open_queue(settings)
    while True:
        now = read_status(queue)
        if as_json:
            typer.echo(orjson.dumps(now.as_dict(), option=orjson.OPT_INDENT_2).decode())
        else:
            views.print_status(now, settings.stream)
        if not watch:
            return
        time.sleep(2)
