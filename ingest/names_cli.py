"""`python -m ingest names`: asks Bluesky for the handles of a topic's accounts, so that people read no DIDs."""

from contextlib import closing
from typing import Annotated

import typer

from conf.settings import load_settings
from conf.terminal import progress
from conf.topic import load_topic
from ingest.sources.base import Clock
from ingest.write.unnamed import Unnamed
from stores.connect import cassandra_session


def names(
    topic: Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")],
    most: Annotated[int | None, typer.Option(help="Ask for this many accounts at most, the most seen first.")] = None,
) -> None:
    """Ask Bluesky's public AppView for the handles of accounts that are not known yet. Run jobs after it.

    Names that are known are used also without it. What was stored before an interruption stays.
    """
    from ingest.sources.bluesky.profiles import Profiles  # noqa: PLC0415 - httpx takes a tenth of a second

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    with (
        closing(Profiles(settings, Clock())) as profiles,
        cassandra_session(settings) as session,
        progress() as display,
    ):
        task = display.add_task("names", total=None, note="reading posts")
        unnamed = Unnamed(session, settings.keyspace, topic_file)
        accounts = unnamed.accounts()[:most]
        display.update(task, total=len(accounts), note="accounts")
        stored = 0
        for found in profiles.names(accounts):
            stored += unnamed.store(found)
            display.update(task, advance=len(found))
    typer.echo(f"{len(accounts):,} accounts without a name, {stored:,} names stored")
