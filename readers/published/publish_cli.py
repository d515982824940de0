"""`python -m readers publish`: a topic's summary tables as files for BI tools and notebooks."""

from typing import Annotated

import typer

from conf.settings import load_settings
from conf.terminal import ERR, progress
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session


def publish(
    topic: options.Topic,
    to: Annotated[
        str, typer.Option(help="Folder, or address such as s3://bucket/tables; PULSO_HOME/published by default.")
    ] = "",
    min_followers: options.MinFollowers = options.PUBLIC_FROM,
) -> None:
    """Write a topic's summary tables as Parquet files and one DuckDB file, all replaced at once.

    In what is written of conversations and coordination, accounts with few followers are not named.
    If PULSO_PUBLISH_POSTGRES is set, the tables go to PostgreSQL, too.
    """
    from readers.published.publish import publish as publish_files
    from stores.elsewhere import shown

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    with cassandra_session(settings) as session, progress(counted=False) as display:
        task = display.add_task("publish", total=None, note="")
        made = publish_files(
            session, settings, topic_file, to, lambda name: display.update(task, note=shown(name)), min_followers
        )
    tables = [name for name, rows in made.rows.items() if rows]
    told = f"{len(tables)} tables with {sum(made.rows.values()):,} rows in {shown(made.place)}"
    if made.in_postgres:
        told += f", and in the schema {made.in_postgres} of PostgreSQL"
    ERR.print(told, highlight=False, markup=False, soft_wrap=True)
