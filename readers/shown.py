"""What commands share that show a summary: they read it, and print it or write it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session

if TYPE_CHECKING:
    import pandas as pd


def show(
    topic: str,
    span: tuple[str | None, str | None],
    output: tuple[str, Path | None],
    read: Callable[..., "pd.DataFrame"],
    show_table: Callable[..., Any],
) -> None:
    """Reads a topic's summary and prints it as a table, or writes it: `output` has the format, and the file.

    `span` has the values of --from and --to. `read` gets the session, the keyspace, the topic, and `start` and `end`;
    `show_table` gets what it returns, the topic, and the console.
    """
    from readers.output import write_frame  # noqa: PLC0415 - imports pandas

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    start, end = options.bounds(*span)
    with cassandra_session(settings) as session:
        frame = read(session, settings.keyspace, topic_file, start=start, end=end)
    format_, out = output
    if format_ == "table":
        show_table(frame, topic_file, out_console())
    else:
        write_frame(frame, format_, out)
