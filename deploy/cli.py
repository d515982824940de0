"""The command line: `python -m deploy COMMAND`."""

import getpass
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from conf import cli
from conf.settings import load_settings
from deploy.airflow import PORT as AIRFLOW_PORT
from deploy.airflow import become_airflow, clean_records
from deploy.airflow import run as run_airflow
from deploy.backup_cli import backup, nodetool, restore
from deploy.console import make_console
from deploy.containers_cli import first_start, node, redis, secrets, watch
from deploy.credentials import as_settings
from deploy.digests import DIGESTS
from deploy.engines import Engines
from deploy.environment import import_pyspark_compiled, provide_java, write_spark_commands
from deploy.jars import record_all
from deploy.java import find_java
from deploy.package.dist import build
from deploy.package.libs import Arch, this_arch
from deploy.roles import apply_roles, role_names, set_password
from deploy.start.archive import provide_archive
from deploy.status import as_json, print_table
from deploy.superset import login_of
from deploy.superset import run as run_superset
from readers.bi.bi_cli import PORT as BI_PORT
from stores.connect import cassandra_session

app = cli.application("The embedded engines, Cassandra and Redis. Add -v anywhere for tracebacks.")
for command in (backup, restore, nodetool, node, redis, first_start, secrets, watch):
    app.command()(command)
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
    home = load_settings().home
    typer.echo(as_settings(home))
    if superset := login_of(home):
        typer.echo(superset)
    typer.echo("these are secrets: whoever has them can read and change everything in these engines", err=True)


@app.command()
def airflow(
    port: Annotated[int, typer.Option(help="The port of Airflow's page.", min=1024, max=65535)] = AIRFLOW_PORT,
) -> None:
    """Run Airflow with the DAGs of airflow_dags/, for this machine alone. Ctrl-C stops it."""
    run_airflow(load_settings(), port, make_console())


@app.command("airflow-cli", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def airflow_cli(
    words: typer.Context,
    port: Annotated[int, typer.Option(help="The port of Airflow's page.", min=1024, max=65535)] = AIRFLOW_PORT,
) -> None:
    """Run a command of the Airflow that `make airflow` runs, such as `dags list` or `backfill create`."""
    become_airflow(load_settings(), port, words.args)


@app.command("airflow-clean")
def airflow_clean(
    keep_days: Annotated[
        int | None, typer.Option(help="The default is keep_days in conf/schedule.yaml.", min=1)
    ] = None,
) -> None:
    """Remove Airflow's own rows and logs of old runs, as `make airflow` does each day. Posts and figures stay."""
    typer.echo(f"kept: the last {clean_records(load_settings(), keep_days)} days of Airflow's records")


@app.command()
def superset(
    port: Annotated[int, typer.Option(help="The port of Superset's page.", min=1024, max=65535)] = 8088,
    bi_port: Annotated[int, typer.Option(help="The port of `make bi`: where it runs, its views are added.")] = BI_PORT,
) -> None:
    """Run Superset with a dashboard for each published topic, for this machine alone. Ctrl-C stops it."""
    run_superset(load_settings(), port, make_console(), bi_port)


@app.command()
def jars(
    record: Annotated[
        bool, typer.Option("--record", help="Record the digests of what comes, in conf/jars.sha256.")
    ] = False,
) -> None:
    """Fetch Cassandra's jars and Spark's packages, once, and compare them with their recorded digests."""
    settings = load_settings()
    if record:
        typer.echo(f"{record_all(settings.home.resolve(), make_console())} digests in {DIGESTS.name}")
        return
    Engines(settings).jars()


@app.command()
def dist(
    arch: Annotated[Arch | None, typer.Option(help="The workers' processors. The default is this machine's.")] = None,
    driver: Annotated[
        bool, typer.Option("--driver", help="Pack the driver's libraries too, for masters that run it on the cluster.")
    ] = False,
) -> None:
    """Build dist/: the code, the libraries and the jars for a Spark cluster (docs/cluster.md)."""
    build(load_settings().home.resolve(), make_console(), arch or this_arch(), "driver" if driver else "executors")


@app.command()
def java() -> None:
    """Print the path of the Java that runs Cassandra and Spark."""
    typer.echo(find_java())


@app.command()
def roles(
    password_of: Annotated[
        str | None, typer.Option(help="Only set the password of this role: it is asked for, or read from a pipe.")
    ] = None,
) -> None:
    """Make the Cassandra roles of migrate, ingest, jobs and readers, with their rights. Safe to repeat."""
    settings = load_settings()
    with cassandra_session(settings) as session:
        if password_of is None:
            apply_roles(session, settings.keyspace)
            typer.echo(f"roles of keyspace {settings.keyspace}: {', '.join(role_names())}")
            return
        set_password(session, password_of, _asked_password(password_of), settings.cassandra_user)
    typer.echo(f"the password of {password_of} is set")


def _asked_password(role: str) -> str:
    return getpass.getpass(f"new password of {role}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
