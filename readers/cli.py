"""The command line of readers: `python -m readers COMMAND`.

A command imports its libraries only when it is called: for example, exporting a graph as XML needs no pandas.
"""

from collections.abc import Sequence

from conf import cli
from readers.coordination.coordination_cli import coordination
from readers.graphs.export_cli import export
from readers.graphs.graph_cli import graph
from readers.items.authors_cli import authors
from readers.items.top_cli import top
from readers.items.volume_cli import volume
from readers.mirror.mirror_cli import mirror
from readers.packs.pack_cli import pack
from readers.page.report_cli import report
from readers.page.serve_cli import serve
from readers.polls.poll_cli import poll
from readers.published.publish_cli import publish
from readers.runs.quality_cli import quality
from readers.runs.runs_cli import runs
from readers.samples.precision_cli import precision
from readers.samples.sample_cli import sample
from readers.search.search_cli import search
from readers.texts.texts_cli import texts

app = cli.application("Show results and posts as tables, files and pictures. Add -v anywhere for tracebacks.")
COMMANDS = (
    *(poll, volume, top, texts, authors, coordination, graph, export, search, runs, quality, sample, precision, pack),
    *(publish, mirror, report, serve),
)
for command in COMMANDS:
    app.command()(command)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    return cli.run(app, "python -m readers", argv)
