"""The command line: `python -m deploy setup|up|down|status|credentials|jars|java`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from conf import cli
from conf.settings import load_settings
from deploy.console import make_console
from deploy.credentials import as_settings
from deploy.engines import Engines
from deploy.environment import import_pyspark_compiled, provide_java, write_spark_commands
from deploy.java import find_java
from deploy.start.archive import provide_archive
from deploy.status import as_json, print_table

app = cli.application("The embedded engines, Cassandra and Redis. Add -v anywhere for tracebacks.")
Heap = Annotated[
    str | None, typer.Option(help="Cassandra's heap, such as 1G. The default depends on the machine's memory.")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON: times in UTC, sizes in bytes.")]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    return cli.run(app, "python -m deploy", argv)


@app.command()
def setup() -> None:
    """Complete the environment: Java 17 if there is none, Spark's commands, all jars and the class-data archive."""
    provide_java(make_console())
    write_spark_commands()
    import_pyspark_compiled()
    settings = load_settings()
    Engines(settings).jars()
    provide_archive(settings.home.resolve(), make_console())


@app.command()
def up(heap: Heap = None) -> None:
    """Start the engines that are not running, and wait until they answer."""
    Engines(load_settings(), heap).up()


@app.command()
def down() -> None:
    """Stop the engines that `up` started. Their data stays."""
    Engines(load_settings()).down()


@app.command()
def status(json: Json = False) -> None:
    """Show the state of the engines."""
    statuses = Engines(load_settings()).status()
    if json:
        typer.echo(as_json(statuses))
    else:
        print_table(make_console(), statuses)


@app.command()
def credentials() -> None:
    """Print the logins of the embedded engines as settings, for other programs. Pulso's commands have them already."""
    typer.echo(as_settings(load_settings().home))
    typer.echo("these are secrets: whoever has them can read and change everything in these engines", err=True)


@app.command()
def jars() -> None:
    """Fetch Cassandra's jars and Spark's packages, once."""
    Engines(load_settings()).jars()


@app.command()
def java() -> None:
    """Print the path of the Java that runs Cassandra and Spark."""
    typer.echo(find_java())
