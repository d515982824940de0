"""The command line of ingest: `python -m ingest COMMAND`."""

import signal
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import orjson
import typer

from conf import cli
from conf.errors import PulsoError
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
from ingest.names_cli import names
from ingest.queue.posts_queue import open_queue
from ingest.rules_cli import app as rules
from ingest.status import read_status
from ingest.topics_cli import app as topics
from ingest.write.migrate import migrate as bring_up
from ingest.write.worker import make_worker
from stores.connect import cassandra_session
from stores.refused import refusals_told

app = cli.application("From a source, through Redis, into Cassandra. Add -v anywhere for tracebacks and debug logs.")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(rules, name="rules")
app.add_typer(topics, name="topics")
for command in (replay, comply, forget, names, cluster):
    app.command()(command)
app.command(name="coverage")(coverage_of)

MetricsPort = Annotated[int | None, typer.Option(help="Serve Prometheus metrics on this port.", min=1, max=65535)]
MetricsHost = Annotated[str, typer.Option(help="The address on which; anybody who reaches it can read them.")]
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
def work(
    drain: Annotated[
        bool, typer.Option("--drain", help="Stop when the queue is empty and all messages are done.")
    ] = False,
    claim_idle: Annotated[
        float | None,
        typer.Option(help="Seconds without an ack until a takeover; default PULSO_WORKER_CLAIM_IDLE.", min=0.1),
    ] = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = metrics.HOST,
) -> None:
    """Run a worker, from the queue to Cassandra. SIGTERM or Ctrl-C ends it after its batch."""
    settings = load_settings(worker_claim_idle=claim_idle)
    queue = open_queue(settings)
    with (
        cassandra_session(settings) as session,
        progress(counted=False) as display,
        metrics.served(metrics_port, metrics_host) as registry,
    ):
        view = views.WorkView(display, queue)
        worker = make_worker(settings, queue, session, on_batch=view.show)
        metrics.watch_worker(registry, worker, queue, session.cluster.metadata)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: worker.stop())
        worker.run(drain)
    typer.echo(views.work_summary(worker))
    if drain and not worker.drained:
        raise PulsoError("stopped before the queue was empty", "Nothing is lost: run it again")


@app.command()
def generate(
    posts: Annotated[int, typer.Option(help="How many posts.", min=0)] = 170_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same corpus.", min=0)] = 2016,
    topic: Annotated[str, typer.Option("--topic", "-t", help="The topic whose races the posts are about.")] = "ph2016",
    cells: Annotated[int, typer.Option(help="Add posts of so many groups that act together.", min=0)] = 0,
    truth: Annotated[Path | None, typer.Option(help="File for who is in these groups, as JSON.")] = None,
) -> None:
    """Write a deterministic election corpus as X v2 stream lines to stdout."""
    from corpus import generate as generate_lines  # noqa: PLC0415 - brings NumPy, which no other command needs
    from corpus import planted_cells  # noqa: PLC0415

    settings = load_settings()
    races = load_topic(topic, settings.topics_dir)
    with progress() as display:
        task = display.add_task("generate", total=posts, note="")
        if truth:
            cells_told = [cell.as_dict() for cell in planted_cells(races, posts, seed, cells)]
            truth.write_bytes(orjson.dumps(cells_told, option=orjson.OPT_INDENT_2))
        for chunk in generate_lines(races, posts, seed, cells=cells):
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
