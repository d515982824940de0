"""`python -m ingest replay`, `comply` and `forget`: what files or a person say is queued once, for workers to apply."""

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from conf.errors import PulsoError, Stopped
from conf.settings import Settings, load_settings
from conf.stopping import stopped_as_by_ctrl_c
from conf.tables import NETWORKS
from conf.terminal import ERR, progress
from conf.topic import load_topic
from ingest import views
from ingest.formats.request import account_of
from ingest.live.matching import TopicMatcher
from ingest.queue.posts_queue import PostsQueue, open_queue
from ingest.queue.publisher import Publisher
from ingest.replay.captures import Capture, open_captures
from ingest.replay.replay import COMPLIANCE, EVERY_TOPIC, USER_COMPLIANCE, Replay
from ingest.replay.tables.table import open_table
from ingest.status import is_working

WORKER_PATIENCE = 5.0
"""A waiting command says that no worker is running if none has started within this many seconds."""


@stopped_as_by_ctrl_c()
def replay(
    files: Annotated[
        list[str], typer.Argument(help="Captures: posts or tables, packed or not, or addresses; - is stdin.")
    ],
    topic: Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")],
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
    settings = load_settings(queue_limit=queue_limit)
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


@stopped_as_by_ctrl_c()
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


@stopped_as_by_ctrl_c()
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


def _publisher(settings: Settings, queue: PostsQueue, display: Progress, task: TaskID) -> Publisher:
    view = views.WaitView(display, task, lambda: is_working(queue))
    return Publisher(queue, settings.queue_limit, settings.publish_batch, on_wait=view.tell)


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
    try:
        with progress() as display:
            _show_until_stored(run, queue, display)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; {run.messages:,} messages are queued, and workers go on with them") from None


def _show_until_stored(run: Replay, queue: PostsQueue, display: Progress) -> None:
    began = time.monotonic()
    task = display.add_task("store", total=run.messages, note="")
    told = False
    for done in run.wait():
        alone = done < run.messages and time.monotonic() - began > WORKER_PATIENCE and not is_working(queue)
        note = views.NO_WORKER if alone else ""
        display.update(task, completed=done, note=note)
        if alone and not told and not ERR.is_terminal:
            ERR.print(note, highlight=False)
            told = True
