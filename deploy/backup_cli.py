"""The commands `python -m deploy backup|restore|nodetool`, for the node in PULSO_HOME."""

from pathlib import Path
from typing import Annotated

import typer

from conf.settings import Settings, load_settings
from deploy.backup.backup import back_up
from deploy.backup.nodetool import run_nodetool
from deploy.backup.restore import restore as put_back
from deploy.node import Node, make_node
from stores.connect import cassandra_session


def backup(out: Annotated[Path, typer.Option(help="A new folder, on another disk than the data.")]) -> None:
    """Copy this node's tables, as they are now, into a folder. The node goes on working."""
    settings = load_settings()
    for line in back_up(_node(settings), settings.keyspace, out):
        typer.echo(line)
    typer.echo(f"finished: {out}")


def restore(folder: Annotated[Path, typer.Argument(help="A folder that `backup` has made.")]) -> None:
    """Put the rows of a backup into this node's tables, which must be empty. Run `ingest migrate` first."""
    settings = load_settings()
    with cassandra_session(settings) as session:
        for line in put_back(_node(settings), session, settings.keyspace, folder):
            typer.echo(line)
    typer.echo("restored; now run the jobs over what came after the backup")


def nodetool(
    arguments: Annotated[list[str], typer.Argument(help="A command of nodetool, such as status; -- before options.")],
) -> None:
    """Run Cassandra's nodetool on this node, with its login."""
    run_nodetool(_node(load_settings()).folder, arguments, typer.echo)


def _node(settings: Settings) -> Node:
    """The node of this PULSO_HOME."""
    return make_node(settings.home.resolve(), settings.cassandra_hosts[0], settings.cassandra_port)
