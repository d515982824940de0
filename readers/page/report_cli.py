"""`python -m readers report`: writes a topic's figures as one HTML file, or as PDF."""

from pathlib import Path
from typing import Annotated

import typer

from conf import VERSION
from conf.settings import load_settings
from conf.terminal import ERR
from conf.topic import load_topic
from readers import options


def report(
    topic: options.Topic,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")],
    pdf: Annotated[Path | None, typer.Option(help="Also write this PDF; needs Chromium.")] = None,
) -> None:
    """Write the poll, trends, network, quality and rules of a topic as one HTML file, which needs no network."""
    from readers.page.report import report as made
    from readers.page.report import write_pdf, write_report
    from readers.page.source import Source

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    source = Source(settings)
    try:
        html = made(source, topic_file, VERSION)
    finally:
        source.close()
    write_report(html, out)
    if pdf:
        write_pdf(html, pdf)
    ERR.print(f"{out}{f' and {pdf}' if pdf else ''}: the report of {topic}", highlight=False)
