"""The command line of ingest: `python -m ingest COMMAND`."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Annotated

import orjson
import typer
from rich.progress import Progress, TaskID

from conf import cli
from conf.errors import PulsoError, Stopped
from conf.settings import Settings, load_settings
from conf.tables import NETWORKS
from conf.terminal import ERR, progress
from conf.topic import load_topic
from ingest import metrics, views
from ingest.dead_letters_cli import app as dead_letters
from ingest.formats.request import account_of
from ingest.live.matching import TopicMatcher
from ingest.live.run import collect
from ingest.names_cli import names
from ingest.queue.posts_queue import PostsQueue, open_queue
from ingest.queue.publisher import Publisher
from ingest.replay.captures import Capture, open_captures
from ingest.replay.replay import COMPLIANCE, EVERY_TOPIC, USER_COMPLIANCE, Replay
from ingest.replay.tables.table import open_table
from ingest.rules_cli import app as rules
from ingest.status import is_working, read_status
from ingest.topics_cli import app as topics
from ingest.write.migrate import migrate as bring_up
from ingest.write.worker import make_worker
from stores.connect import cassandra_session
from stores.refused import refusals_told

app = cli.application("From a source, through Redis, into Cassandra. Add -v anywhere for tracebacks and debug logs.")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(rules, name="rules")
app.add_typer(topics, name="topics")
app.command()(names)

WORKER_PATIENCE = 5.0
"""A waiting command says that no worker is running if none has started within this many seconds."""
MetricsPort = Annotated[
    int | None, typer.Option(help="Serve Prometheus metrics on this port of 127.0.0.1.", min=1, max=65535)
]
TopicName = Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    return cli.run(app, "python -m ingest", argv, refusals_told)


def _settings(**options: object) -> Settings:
    """The settings. An option that was given replaces the setting of that name."""
    return load_settings(**{name: value for name, value in options.items() if value is not None})


def _publisher(settings: Settings, queue: PostsQueue, display: Progress, task: TaskID) -> Publisher:
    view = views.WaitView(display, task, lambda: is_working(queue))
    return Publisher(queue, settings.queue_limit, settings.publish_batch, on_wait=view.tell)


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
def replay(
    files: Annotated[
        list[str], typer.Argument(help="Captures: posts or tables, packed or not, or addresses; - is stdin.")
    ],
    topic: TopicName,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Which column is what: a file, or twarc-csv, 4cat, tcat, zeeschuimer. Told by the header if not given."
        ),
    ] = None,
    match: Annotated[bool, typer.Option("--match", help="Keep only the posts that the topic asks for.")] = False,
    rate: Annotated[float, typer.Option(help="Read at most this many lines per second; 0: no limit.", min=0)] = 0,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until workers have stored the posts.")] = False,
    queue_limit: Annotated[
        int | None, typer.Option(help="Wait while this many messages are queued. Default: PULSO_QUEUE_LIMIT.", min=1)
    ] = None,
) -> None:
    """Queue the posts of captures, as live collection does."""
    settings = _settings(queue_limit=queue_limit)
    topic_file = load_topic(topic, settings.topics_dir)
    inputs = [(capture, open_table(capture, columns)) for capture in open_captures(files)]
    for note in (note for _, table in inputs if table for note in table.notes):
        ERR.print(note, highlight=False, soft_wrap=True, markup=False)
    queue = open_queue(settings)
    queue.ensure_group()
    with progress(counted=False) as display:
        task = display.add_task("replay", total=None, note="")
        publisher = _publisher(settings, queue, display, task)
        run = Replay(topic_file.topic, queue, publisher, TopicMatcher(topic_file) if match else None)
        paced = views.Pace(rate)
        for capture, table in inputs:
            steps = run.read_table(table) if table else run.read(capture)
            _read_one(run, capture, steps, paced, views.ReplayView(display, task, capture))
    _end(run, queue, wait=wait)


@app.command()
def stream(
    topic: TopicName,
    source: Annotated[str, typer.Option("--source", "-s", help=f"One of {', '.join(NETWORKS)}.")],
    metrics_port: MetricsPort = None,
) -> None:
    """Collect live, until SIGTERM or Ctrl-C. Gaps are recorded; `status` shows them."""
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    if source not in NETWORKS:
        raise typer.BadParameter(f"no source {source!r}: one of {', '.join(NETWORKS)}")
    with progress(counted=False) as display, metrics.served(metrics_port) as registry:
        view = views.StreamView(display, topic_file.topic, source)
        state = collect(settings, topic_file, source, lambda c: metrics.watch_collector(registry, c), view.show)
    typer.echo(views.stream_summary(state))


@app.command()
def comply(
    files: Annotated[list[str], typer.Argument(help="Results of X compliance jobs: files, packed or not; - is stdin.")],
    users: Annotated[bool, typer.Option("--users", help="The files are about users, not about posts.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until workers have applied the deletions.")] = False,
) -> None:
    """Delete or hide what compliance files name, in every topic. A later replay does not store it again."""
    settings = load_settings()
    captures = open_captures(files)
    queue = open_queue(settings)
    queue.ensure_group()
    with progress(counted=False) as display:
        task = display.add_task("comply", total=None, note="")
        publisher = _publisher(settings, queue, display, task)
        run = Replay(EVERY_TOPIC, queue, publisher)
        format_ = USER_COMPLIANCE if users else COMPLIANCE
        for capture in captures:
            view = views.ReplayView(display, task, capture)
            _read_one(run, capture, run.comply(capture, format_), views.Pace(0), view)
    _end(run, queue, wait=wait)


@app.command()
def forget(
    source: Annotated[str, typer.Option("--source", "-s", help=f"One of {', '.join(NETWORKS)}.")],
    author: Annotated[
        list[str] | None, typer.Option("--author", help="All posts of this account: handle, DID or user@server.")
    ] = None,
    post: Annotated[list[str] | None, typer.Option("--post", help="The post with this id.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until workers have deleted the posts.")] = False,
) -> None:
    """Delete what a person asks to have deleted, from every topic, and never store it again."""
    settings = load_settings()
    if source not in NETWORKS:
        raise typer.BadParameter(f"no source {source!r}: one of {', '.join(NETWORKS)}")
    if not (author or post):
        raise typer.BadParameter("give --author or --post, or several of them")
    queue = open_queue(settings)
    queue.ensure_group()
    with progress(counted=False) as display:
        task = display.add_task("forget", total=None, note="")
        run = Replay(EVERY_TOPIC, queue, _publisher(settings, queue, display, task))
        for name in author or ():
            run.forget(source, author=account_of(source, name))
        for post_id in post or ():
            run.forget(source, post_id=post_id)
        run.flush()
    if wait:
        _wait_until_stored(run, queue)
    typer.echo(f"{run.messages:,} requests queued" + (f", {run.result.deleted:,} applied" if wait else ""))
    if wait and run.result.refused_by_worker:
        raise PulsoError(
            f"{run.result.refused_by_worker:,} requests can't be applied to what is stored",
            "`.venv/bin/python -m ingest dead-letters list` says why. None of these posts is stored again",
        )


def _end(run: Replay, queue: PostsQueue, *, wait: bool) -> None:
    if wait:
        _wait_until_stored(run, queue)
    typer.echo(run.result.summary())
    if run.result.broken:
        told = "; ".join([*run.result.broken, *run.result.useless])
        raise PulsoError(told, "What stands before that is queued; get the whole file again")
    if run.result.useless:
        raise PulsoError("; ".join(run.result.useless), "README.md, Your own captures, says what is read")


def _read_one(run: Replay, capture: Capture, steps: Iterator[int], pace: views.Pace, view: views.ReplayView) -> None:
    """Reads a capture. What was read before an interruption is queued, too, unless Redis takes nothing."""
    try:
        for queued in steps:
            pace.step()
            view.show(queued)
        for note in views.few(capture.notes):
            ERR.print(note, highlight=False, soft_wrap=True, markup=False)
    except KeyboardInterrupt:
        if not run.is_held_back:
            run.flush()
        raise Stopped(run.told_of_stop()) from None
    except Exception:
        run.flush()
        raise


def _wait_until_stored(run: Replay, queue: PostsQueue) -> None:
    began = time.monotonic()
    with progress() as display:
        task = display.add_task("store", total=run.messages, note="")
        told = False
        for done in run.wait():
            alone = done < run.messages and time.monotonic() - began > WORKER_PATIENCE and not is_working(queue)
            note = views.NO_WORKER if alone else ""
            display.update(task, completed=done, note=note)
            if alone and not told and not ERR.is_terminal:
                ERR.print(note, highlight=False)
                told = True


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
) -> None:
    """Run a worker, from the queue to Cassandra. SIGTERM or Ctrl-C ends it after its batch."""
    settings = _settings(worker_claim_idle=claim_idle)
    queue = open_queue(settings)
    with (
        cassandra_session(settings) as session,
        progress(counted=False) as display,
        metrics.served(metrics_port) as registry,
    ):
        view = views.WorkView(display, queue)
        worker = make_worker(settings, queue, session, on_batch=view.show)
        metrics.watch_worker(registry, worker, queue)
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
) -> None:
    """Write a deterministic election corpus as X v2 stream lines to stdout."""
    from corpus import generate as generate_lines  # noqa: PLC0415 - brings NumPy, which no other command needs

    settings = load_settings()
    races = load_topic(topic, settings.topics_dir)
    with progress() as display:
        task = display.add_task("generate", total=posts, note="")
        for chunk in generate_lines(races, posts, seed):
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
