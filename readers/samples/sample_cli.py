"""`python -m readers sample`: a random sample of the posts that count for a candidate, as a sheet to be filled in."""

from pathlib import Path
from typing import Annotated

import typer

from conf.errors import WrongUse
from conf.race import Candidate, Race
from conf.settings import load_settings
from conf.terminal import ERR, progress
from conf.topic import Topic, load_topic
from readers import options
from stores.connect import cassandra_session


def sample(
    topic: options.Topic,
    candidate: Annotated[str, typer.Option("--candidate", "-c", help="Id of a candidate in the topic file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.")],
    race: Annotated[str | None, typer.Option(help="Id of the race, if several have such a candidate.")] = None,
    n: Annotated[int, typer.Option("--n", help="How many posts.", min=2, max=100_000)] = 300,
    seed: Annotated[int, typer.Option(help="The same seed draws the same posts.", min=0)] = 1,
    start: Annotated[str | None, typer.Option("--from", help="Only posts from this time on: date or ISO, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Only posts before this time.")] = None,
) -> None:
    """Draw posts that count for a candidate. Fill in `right` with yes or no; then run `precision` on the file."""
    from readers.output import BOM, write_frame
    from readers.samples.sample import Subject, sample_frame
    from readers.search.post_reads import Span

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    race_file, one = candidate_of(topic_file, candidate, race)
    span = Span(*options.bounds(start, end))
    if span.start and span.end and span.start >= span.end:
        raise WrongUse(f"--from {span.start:%Y-%m-%dT%H:%MZ} is not before --to", "A window is [from, to)")
    with cassandra_session(settings) as session, progress() as display:
        task = display.add_task("sample", total=None, note="")
        on_day = lambda done, days: display.update(task, completed=done, total=days, note="days")  # noqa: E731
        subject = Subject(topic_file, race_file, one, span)
        frame = sample_frame(session, settings.keyspace, subject, n, seed, on_day)
    write_frame(frame, "csv", out, BOM)
    ERR.print(
        f"{len(frame):,} of {frame['posts'].iloc[0]:,} posts. Write yes or no in the column right: is the post about "
        f"{one.name}? Then run `.venv/bin/python -m readers precision {out}`",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def candidate_of(topic: Topic, candidate: str, race: str | None) -> tuple[Race, Candidate]:
    """Returns a candidate, and the race. Raises WrongUse if there is none, or one in several races."""
    races = [topic.race(race)] if race else list(topic.races)
    found = [(one, each) for one in races for each in one.candidates if each.id == candidate]
    if not found:
        known = ", ".join(each.id for one in races for each in one.candidates) or "none"
        raise WrongUse(f"topic {topic.topic} has no candidate {candidate!r}", f"It has: {known}")
    if len(found) > 1:
        names = ", ".join(one.id for one, _ in found)
        raise WrongUse(f"several races have a candidate {candidate!r}", f"Give --race, one of {names}")
    return found[0]
