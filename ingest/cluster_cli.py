"""`python -m ingest cluster`: the health of Cassandra's nodes and of Redis."""

import time
from typing import Annotated

import orjson
import typer

from conf.settings import load_settings
from ingest.cluster_view import print_health
from stores.health.read import read_health

EVERY = 5.0
"""Seconds between two looks with --watch."""


def cluster(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every five seconds.")] = False,
) -> None:
    """Show the health of Cassandra's nodes and of Redis: what does not answer first, then what needs a hand.

    The exit code is 1 if a node, Cassandra or Redis does not answer, else 0.
    """
    settings = load_settings()
    while True:
        health = read_health(settings)
        if as_json:
            typer.echo(orjson.dumps(health.as_dict(), option=orjson.OPT_INDENT_2).decode())
        else:
            print_health(health)
        if not watch:
            raise typer.Exit(1 if health.troubles else 0)
        time.sleep(EVERY)
