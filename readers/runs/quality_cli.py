"""`python -m readers quality`: says which checks of the runs over a window failed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from conf.errors import PulsoError
from conf.instants import parse_instant
from conf.settings import load_settings
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session

if TYPE_CHECKING:
    from readers.runs.quality import Judged


def quality(
    topic: options.Topic,
    start: Annotated[str, typer.Option("--from", help="Start of the jobs' window: a date or ISO time, UTC.")],
    end: Annotated[str, typer.Option("--to", help="Its end.")],
) -> None:
    """Show the checks of the newest run of each job over a window. It fails if one of the runs published nothing."""
    from readers.runs.quality import judged_runs

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    window = (parse_instant("--from", start), parse_instant("--to", end))
    with cassandra_session(settings) as session:
        found = judged_runs(session, settings.keyspace, topic_file, *window)
    if not found:
        raise PulsoError(f"no job has run over {topic} from {start} to {end}", "`readers runs` lists the runs")
    for line in lines_of(found):
        typer.echo(line)
    if stopped := [one.run.job for one in found if one.stops]:
        raise PulsoError(f"{', '.join(stopped)} published nothing", "The lines above say why")


def lines_of(found: Sequence["Judged"]) -> Iterator[str]:
    """Yields a line for each run, and one for each of its checks that failed."""
    for one in found:
        broken = one.broken
        failed = f", {len(broken):,} of them failed" if broken else ""
        yield f"{one.run.job}: {one.run.status}, {len(one.checks):,} checks{failed}"
        if one.run.error:
            yield f"  {one.run.error}"
        for check in broken:
            yield f"  {check.severity}: {check.expectation}: {check.observed}"
