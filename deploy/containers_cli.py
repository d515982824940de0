"""The commands for containers: `python -m deploy node|redis|first-start|secrets|watch`."""

import signal
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from conf.errors import WrongUse
from conf.settings import load_settings
from deploy.containers.first_start import first_start as start_first
from deploy.containers.foreground import become_node, become_redis, redis_files, ring_node
from deploy.containers.secrets import COMPOSE, write_secrets
from deploy.node import Place
from deploy.redis_server import MEMORY
from deploy.roles import role_names
from deploy.watch.figures import Figures
from deploy.watch.health import HealthFigures
from ingest.metrics import HOST, served
from stores.connect import cassandra_session
from stores.health.read import read_health

Address = Annotated[str, typer.Option(help="The address to listen on; default: that of this host's name.")]


def node(
    seeds: Annotated[str, typer.Option(help="Hosts that new nodes ask first, with commas between.")],
    address: Address = "",
    dc: Annotated[str, typer.Option(help="The data centre that the node is in.")] = "dc1",
    rack: Annotated[str, typer.Option(help="Its rack: copies of a row go to different ones.")] = "rack1",
    heap: Annotated[str | None, typer.Option(help="Its heap, such as 8G.")] = None,
    jmx_port: Annotated[int | None, typer.Option(help="JMX's port on loopback, for several nodes on a host.")] = None,
) -> None:
    """Become a Cassandra node of a ring, for a container. PULSO_CASSANDRA_USER and _PASSWORD name its superuser."""
    hosts = tuple(host.strip() for host in seeds.split(",") if host.strip())
    become_node(ring_node(load_settings(), address, hosts, Place(dc, rack), heap, jmx_port))


def redis(
    ingest_password: Annotated[str, typer.Option(envvar="REDIS_INGEST_PASSWORD", help="Of pulso_ingest.")] = "",
    operator_password: Annotated[str, typer.Option(envvar="REDIS_OPERATOR_PASSWORD", help="Of pulso_operator.")] = "",
    address: Address = "0.0.0.0",  # noqa: S104 - in a container, its network decides who reaches it
    memory: Annotated[str, typer.Option(help="What it may hold, such as 4gb; beyond that it refuses.")] = MEMORY,
) -> None:
    """Become a Redis with the users of deploy/users.acl, for a container."""
    settings = load_settings()
    passwords = {"pulso_ingest": ingest_password, "pulso_operator": operator_password}
    become_redis(redis_files(settings.home, address, settings.redis_address[1], memory, passwords))


def first_start(
    ingest: Annotated[str, typer.Option(envvar="CASSANDRA_INGEST_PASSWORD", help="Of pulso_ingest.")] = "",
    jobs: Annotated[str, typer.Option(envvar="CASSANDRA_JOBS_PASSWORD", help="Of pulso_jobs.")] = "",
    readers: Annotated[str, typer.Option(envvar="CASSANDRA_READERS_PASSWORD", help="Of pulso_readers.")] = "",
    schedules: Annotated[str, typer.Option(envvar="CASSANDRA_SCHEDULES_PASSWORD", help="Of pulso_schedules.")] = "",
) -> None:
    """Make a ring's superuser, tables, roles and passwords. Safe to repeat; it also sets changed passwords."""
    given = {"pulso_ingest": ingest, "pulso_jobs": jobs, "pulso_readers": readers, "pulso_schedules": schedules}
    passwords = {role: given[role] for role in role_names() if role in given}
    for line in start_first(load_settings(), passwords):
        typer.echo(line)


def secrets(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = COMPOSE.parent / ".env",
) -> None:
    """Draw the passwords that compose.yaml asks for, into a file that only you can read. Those that are there stay."""
    if file.is_dir():
        raise WrongUse(f"{file} is a folder", "Name a file, such as deploy/compose/.env")
    drawn = write_secrets(file)
    typer.echo(f"{file}: drew {', '.join(drawn)}" if drawn else f"{file} has all passwords")


def watch(
    port: Annotated[int, typer.Option(help="The port of the metrics.", min=1, max=65535)] = 9464,
    host: Annotated[str, typer.Option(help="The address on which; anybody who reaches it can read them.")] = HOST,
) -> None:
    """Serve Prometheus metrics of the jobs' runs and of both stores' health, until SIGTERM or Ctrl-C.

    pulso_readers may do this.
    """
    settings, stopped = load_settings(), Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    with cassandra_session(settings) as session, served(port, host) as registry:
        registry.register(HealthFigures(lambda: read_health(settings, session)))
        registry.register(Figures(session, settings.keyspace))
        stopped.wait()
