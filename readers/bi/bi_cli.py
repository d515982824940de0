"""`python -m readers bi`: the views of the published tables, for BI programs that speak Hive's protocol."""

from typing import Annotated

import typer

from conf.settings import load_settings
from readers.options import PUBLIC_FROM, MinFollowers

PORT = 10000
"""Where BI programs look for such a server."""


def bi(
    host: Annotated[str, typer.Option(help="Address to listen on; another than this needs PULSO_BI_PASSWORD.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.", min=0, max=65535)] = PORT,
    min_followers: MinFollowers = PUBLIC_FROM,
) -> None:
    """Serve the summary tables to BI programs by SQL: a Spark Thrift Server, read only. Ctrl-C ends it."""
    from readers.bi.run import run

    run(load_settings(), host, port, min_followers)
