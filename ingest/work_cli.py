"""`python -m ingest work`: one worker, or several under a supervisor."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer
from cassandra.cluster import Session

from conf import cli
from conf.errors import PulsoError
from conf.settings import Settings, load_settings
from conf.terminal import progress
from ingest import metrics, views
from ingest.crew.crew import Crew
from ingest.crew.line import Line
from ingest.metrics import MetricsHost, MetricsPort
from ingest.queue.posts_queue import PostsQueue, open_queue
from ingest.write.worker import Worker, make_worker
from stores.connect import cassandra_session

MOST_PROCESSES = 256
HIGHEST_PORT = 65_535


def work(
    drain: Annotated[
        bool, typer.Option("--drain", help="Stop when the queue is empty and all messages are done.")
    ] = False,
    processes: Annotated[
        int, typer.Option(help="Run so many workers; one that dies is started again.", min=1, max=MOST_PROCESSES)
    ] = 1,
    claim_idle: Annotated[
        float | None,
        typer.Option(help="Seconds without an ack until a takeover; default PULSO_WORKER_CLAIM_IDLE.", min=0.1),
    ] = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = metrics.HOST,
    member: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run workers, from the queue to Cassandra. SIGTERM or Ctrl-C ends each after its batch.

    With --processes and --metrics-port, the first worker serves its metrics on that port, each other on the next one.
    """
    settings = load_settings(worker_claim_idle=claim_idle)
    if metrics_port and metrics_port + processes - 1 > HIGHEST_PORT:
        raise typer.BadParameter(f"--metrics-port {metrics_port} leaves no ports for {processes} workers")
    if member is not None:
        _work_as_member(settings, member, drain, metrics_port, metrics_host)
    elif processes == 1:
        _work_alone(settings, drain, metrics_port, metrics_host)
    else:
        _work_together(settings, drain, [*_commands(drain, processes, claim_idle, metrics_port, metrics_host)])


def _work_alone(settings: Settings, drain: bool, port: int | None, host: str) -> None:
    with progress(counted=False) as display, _worker(settings, port, host) as (worker, queue):
        view = views.WorkView(display, queue)
        worker.on_batch = lambda: view.show(worker.stored)
        _on_signals(worker.stop)
        worker.run(drain)
    typer.echo(views.work_summary(worker.done))
    _end(drain, worker.drained)


def _work_as_member(settings: Settings, number: int, drain: bool, port: int | None, host: str) -> None:
    """Works for a crew, which prints what there is to say; errors that a person can fix go to it, too."""
    structlog.contextvars.bind_contextvars(process=number)
    line, done = Line(), dict[str, int]()
    try:
        with _worker(settings, port, host) as (worker, _):
            done = worker.done
            worker.on_batch = lambda: line.tell(worker.done)
            _on_signals(worker.stop)
            line.on_end(worker.stop)
            worker.run(drain)
        line.end(done, drained=worker.drained)
    except PulsoError as error:
        line.fail(done, error)
        raise typer.Exit(error.exit_code) from None


def _work_together(settings: Settings, drain: bool, commands: Sequence[Sequence[str]]) -> None:
    """Runs a crew. What keeps every worker from its work is told first, and once."""
    queue = open_queue(settings)
    with cassandra_session(settings) as session:
        make_worker(settings, queue, session)
    with progress(counted=False) as display:
        view = views.WorkView(display, queue)
        crew = Crew(commands, lambda crew: view.show(crew.done["stored"], f"{crew.working} workers, "))
        _on_signals(crew.stop)
        try:
            crew.run(drain)
        finally:
            display.stop()
            typer.echo(views.work_summary(crew.done))
    _end(drain, crew.drained)


def _end(drain: bool, drained: bool) -> None:
    if drain and not drained:
        raise PulsoError("stopped before the queue was empty", "Nothing is lost: run it again")


@contextmanager
def _worker(settings: Settings, port: int | None, host: str) -> Iterator[tuple[Worker, PostsQueue]]:
    """Yields a worker, with its metrics served, and its queue."""
    queue = open_queue(settings)
    session: Session
    with cassandra_session(settings) as session, metrics.served(port, host) as registry:
        worker = make_worker(settings, queue, session)
        metrics.watch_worker(registry, worker, queue, session.cluster.metadata)
        yield worker, queue


def _on_signals(stop: Callable[[], None]) -> None:
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop())


def _commands(
    drain: bool, processes: int, claim_idle: float | None, port: int | None, host: str
) -> Iterator[list[str]]:
    """Yields the command of each member."""
    for number in range(1, processes + 1):
        command = [sys.executable, "-m", "ingest", "work", "--member", str(number)]
        command += ["--drain"] if drain else []
        command += ["--claim-idle", str(claim_idle)] if claim_idle is not None else []
        command += ["--metrics-port", str(port + number - 1), "--metrics-host", host] if port is not None else []
        command += [word for word in sys.argv[1:] if word in cli.VERBOSE]
        yield command
