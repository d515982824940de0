"""`python -m readers runs`: lists the runs over a topic, and shows from which runs a figure came."""

from typing import Annotated

import typer

from conf.errors import WrongUse
from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session


def runs(
    topic: options.Topic,
    job: Annotated[str | None, typer.Option(help="Only runs of this job.")] = None,
    run: Annotated[
        str | None, typer.Option(help="This run and the runs that it read: an id, or its beginning.")
    ] = None,
    limit: Annotated[int, typer.Option(help="The most runs to show.", min=1)] = 20,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
) -> None:
    """Show the runs of jobs over a topic, newest first. The column run_id of a published row has the id of its run."""
    from readers.output import write_frame
    from readers.runs.runs import find_run, read_runs, runs_frame, silent_runs, sources_of
    from readers.runs.runs_view import print_run, print_runs

    if run and job:
        raise WrongUse("--run names one run, --job the runs of a job", "Give one of them")
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    with cassandra_session(settings) as session:
        if run:
            rows = [find_run(session, settings.keyspace, topic_file, run)]
        else:
            rows = read_runs(session, settings.keyspace, topic_file, job, limit)
        silent = silent_runs(session, settings.keyspace, topic_file, rows)
        if format_ != "table":
            write_frame(runs_frame(rows), format_, out)
        elif run:
            print_run(
                rows[0],
                topic_file,
                lambda row: sources_of(session, settings.keyspace, topic_file, row),
                out_console(),
                silent,
            )
        else:
            print_runs(rows, topic_file, out_console(), silent)
