"""The commands about dead letters: `python -m ingest dead-letters COMMAND`."""

from typing import Annotated

import typer

from conf import cli
from conf.errors import PulsoError
from conf.settings import load_settings
from ingest import views
from ingest.queue.dead_letters import DeadLetter, DeadLetters
from ingest.queue.posts_queue import QueueFull, open_queue

app = cli.application("Messages that could not be parsed or stored, with the reason.")


@app.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(help="Show at most this many.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object per line, with payloads.")] = False,
) -> None:
    """Show the oldest dead letters: where they came from and why they were refused."""
    letters = DeadLetters(open_queue(load_settings()))
    if as_json:
        for letter in letters.read(limit):
            typer.echo(views.letter_json(letter))
    else:
        views.print_letters(list(letters.read(limit)), letters.count())


@app.command()
def requeue(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids as `list` shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Queue dead letters again."""
    letters = DeadLetters(open_queue(load_settings()))
    try:
        done, left = letters.requeue(_chosen(letters, ids, everything))
    except QueueFull:
        fix = "Start a worker, which makes room, and run this again: what was queued is no letter any more"
        raise PulsoError("Redis has no room for more messages", fix) from None
    typer.echo(
        f"{done:,} requeued" + (f", {left:,} kept, since they are incomplete or still not a post" if left else "")
    )


@app.command()
def drop(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids as `list` shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Delete dead letters for good."""
    letters = DeadLetters(open_queue(load_settings()))
    typer.echo(f"{letters.drop(_chosen(letters, ids, everything)):,} dropped")


def _chosen(letters: DeadLetters, ids: list[str] | None, everything: bool) -> list[DeadLetter]:
    if bool(ids) == everything:
        raise typer.BadParameter("give ids, or --all")
    found = [letter for letter in letters.read() if everything or letter.id in (ids or ())]
    if missing := sorted(set(ids or ()) - {letter.id for letter in found}):
        raise typer.BadParameter(f"no dead letter {missing[0]}")
    return found
