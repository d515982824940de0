"""Runs the typer applications of the command lines: every failure becomes one line on stderr and an exit code."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import typer

from conf.errors import STOPPED, exit_code_of
from conf.terminal import configure_logs

VERBOSE = ("-v", "--verbose")


def application(help_: str) -> typer.Typer:
    """Returns a typer application with the settings that all command lines share; `help_` is its help text."""
    return typer.Typer(help=help_, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def run(
    app: typer.Typer,
    name: str,
    argv: Sequence[str] | None = None,
    within: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Runs an application and returns its exit code: 2 for wrong arguments, else as `exit_code_of` says.

    `name` is the command's name in messages. `argv` are its arguments; by default, those of this process. `-v` or
    `--verbose` anywhere among them turns on tracebacks and debug logs. The command runs in the context `within`, which
    may turn its errors into others.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    verbose = any(argument in VERBOSE for argument in given)
    configure_logs(verbose=verbose)
    arguments = [argument for argument in given if argument not in VERBOSE]
    command = typer.main.get_command(app)
    outcome: list[int] = []

    def call() -> None:
        try:
            with within():
                code = command.main(arguments, prog_name=name, standalone_mode=False) or 0
            if code == STOPPED:  # so typer tells that the user has stopped it; it says nothing
                raise KeyboardInterrupt
            outcome.append(code)
        except typer.TyperException as error:
            message = getattr(error, "format_message", error.__str__)().replace("Value error, ", "")
            print(f"error: {message or 'no command is given'} (see {name} --help)", file=sys.stderr)
            outcome.append(2)
        except typer.Abort:
            raise KeyboardInterrupt from None

    return exit_code_of(call, verbose=verbose) or (outcome[0] if outcome else 0)
