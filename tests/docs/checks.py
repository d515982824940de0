"""Holds a command in a page to its own parser: `make` to the Makefile, our commands to their command lines."""

import ast
import contextlib
import importlib
import inspect
import io
import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import typer
import yaml

import bench.cli
import bench.year
import deploy.cli
import ingest.cli
import readers.cli
from conf import ROOT
from conf.cli import VERBOSE
from conf.errors import PulsoError
from conf.settings import Settings
from conf.topic import parse_topic
from jobs.framework.arguments import Parser, arg_parser, set_parser
from jobs.framework.window import parse_window
from tests.docs.pages import Block, Command, Page

APPS = {
    "ingest": ingest.cli.app,
    "readers": readers.cli.app,
    "deploy": deploy.cli.app,
    "bench": bench.cli.app,
    "bench.year": bench.year.app,
}
PYTHON, SUBMIT = ".venv/bin/python", ".venv/bin/spark-submit"
OTHERS = {"export", "grep", "cp", "kubectl", ".venv/bin/pre-commit"}
"""Commands of other programs that pages may show."""
OF_SPARK = {"--master", "--deploy-mode", "--name", "--conf", "--files", "--py-files", "--archives", "--jars"}
"""Options of spark-submit that pages may show. Each has a value."""
IN_THE_IMAGE = "local:///opt/pulso/"
LANGUAGES = {"sh", "yaml", "ini", "python", "text"}
"""What a block can be. A block must say it, so that no command hides in an unnamed one."""
SETTINGS = {str(given.validation_alias or f"PULSO_{name.upper()}") for name, given in Settings.model_fields.items()}
VARIABLES = SETTINGS | {"SPARK_CONF_DIR", "JAVA_HOME", "PYTHON"}
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SERVICES = set(yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())["services"])
SHIPPED = {file.stem for file in (ROOT / "conf" / "topics").glob("*.yaml")}


class Wrong(Exception):
    """A page shows something that would not work."""


def problems_of(page: Page) -> list[str]:
    """Returns what is wrong with the blocks and the inline commands of a page, one line for each."""
    files = [block.text for block in page.blocks if block.language == "yaml" and not block.text.startswith("network:")]
    topics = SHIPPED | {parse_topic(text, "page").topic for text in files}
    found = []
    for block in page.blocks:
        found += [f"{command}: {problem}" for command, problem in _of_block(block, topics)]
    for code in page.inline:
        found += [f"`{code}`: {problem}" for problem in _caught(lambda code=code: check_inline(code))]
    return found


def _of_block(block: Block, topics: set[str]) -> Iterator[tuple[object, str]]:
    if block.language not in LANGUAGES:
        yield block.text[:60], f"the block says {block.language!r}, and not one of {', '.join(sorted(LANGUAGES))}"
    if block.language == "python":
        for problem in _caught(lambda: check_python(block.text)):
            yield block.text[:60], problem
    if block.language == "sh":
        for command in block.commands:
            for problem in _caught(lambda command=command: check_command(command, topics)):
                yield command, problem


def check_python(text: str) -> None:
    """Raises Wrong for code that can't be read, or that calls what `readers` offers in another way."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise Wrong(str(error)) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "readers":
            for name in {each.name for each in node.names} - set(readers.__all__):
                raise Wrong(f"readers has no {name}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in readers.__all__:
            signature = inspect.signature(getattr(readers, node.func.id))
            try:
                signature.bind(*node.args, **{each.arg: each.value for each in node.keywords if each.arg})
            except TypeError as error:
                raise Wrong(f"{node.func.id}: {error}") from None


def _caught(check: Any) -> list[str]:
    try:
        check()
    except (Wrong, PulsoError) as problem:
        return [str(problem)]
    return []


def check_command(command: Command, topics: set[str]) -> None:
    """Raises Wrong or PulsoError for a command that its own parser does not take. Nothing is run."""
    if unknown := sorted(set(command.variables) - VARIABLES):
        raise Wrong(f"no setting {unknown[0]}")
    program, *words = command.words or ("",)
    if program == "make":
        check_make(words)
    elif program == PYTHON and words[:1] == ["-m"]:
        _check_module(words[1], words[2:], topics)
    elif program == SUBMIT:
        if "SPARK_CONF_DIR" not in command.variables:
            raise Wrong("SPARK_CONF_DIR is not set")
        _check_job(words, topics)
    elif program == "docker":
        _check_docker(words, topics)
    elif program not in OTHERS and not program.startswith("$("):
        raise Wrong(f"{program!r} is not known here: write {PYTHON} or {SUBMIT}, or add it to OTHERS")


def _check_docker(words: Sequence[str], topics: set[str]) -> None:
    """Holds the names of files and services to compose.yaml, and what is run in a container to its own parser."""
    if missing := [word for word in words if word.startswith("deploy/") and not (ROOT / word).is_file()]:
        raise Wrong(f"{missing[0]} does not exist")
    if words[:1] != ["compose"]:
        return
    if set(words) & {"exec", "run", "stop", "start", "restart"} and not SERVICES & set(words):
        raise Wrong("compose.yaml has no such service")
    if "python" in words:
        inner = words[words.index("python") + 1 :]
        _check_module(inner[1], inner[2:], topics)


def check_make(words: Sequence[str]) -> None:
    """Raises Wrong for a target that the Makefile does not have."""
    targets = [word for word in words if "=" not in word]
    variables = {word.partition("=")[0] for word in words if "=" in word}
    if unknown := sorted({*targets} - TARGETS) or sorted(variables - VARIABLES):
        raise Wrong(f"the Makefile knows no {unknown[0]}")
    if not targets:
        raise Wrong("no target")


def _check_module(module: str, words: Sequence[str], topics: set[str]) -> None:
    if module == "pytest":
        if missing := [word for word in words if "/" in word and not (ROOT / word).exists()]:
            raise Wrong(f"{missing[0]} does not exist")
        return
    if module not in APPS:
        raise Wrong(f"no command line {module}")
    values = parsed(module, words)
    _check_topic(str(values.get("topic") or ""), topics)


def parsed(module: str, words: Sequence[str]) -> dict[str, Any]:
    """Parses a command of ours, and returns its options by name. Raises Wrong where it is not taken."""
    command: Any = typer.main.get_command(APPS[module])
    left = [word for word in words if word not in VERBOSE]
    try:
        context = command.make_context(f"python -m {module}", left)
        while hasattr(command, "commands"):
            name, command, left = command.resolve_command(context, [*context._protected_args, *context.args])
            context = command.make_context(name, left, parent=context)
    except typer.TyperException as error:
        raise Wrong(getattr(error, "format_message", error.__str__)()) from None
    return dict(context.params)


def _parser_of(module: ModuleType) -> Parser:
    """The parser of a file in jobs/."""
    name = module.__name__.rpartition(".")[2]
    return set_parser(name, module.JOBS) if hasattr(module, "JOBS") else arg_parser(name)


def _check_job(words: Sequence[str], topics: set[str]) -> None:
    while words[:1] and words[0] in OF_SPARK:
        if words[0] == "--conf" and "=" not in words[1]:
            raise Wrong(f"--conf {words[1]} has no value")
        words = words[2:]
    job, *options = (word.removeprefix(IN_THE_IMAGE) for word in words)
    if not (ROOT / job).is_file():
        raise Wrong(f"{job} does not exist")
    parser = _parser_of(importlib.import_module(job.removesuffix(".py").replace("/", ".")))
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            given = parser.parsed(options)
    except SystemExit:
        raise Wrong(told.getvalue().splitlines()[-1]) from None
    _check_topic(given.topic, topics)
    parse_window(given.start, given.end, parse_topic("topic: any", "any").zone)


def _check_topic(topic: str, topics: set[str]) -> None:
    if topic and topic not in topics:
        raise Wrong(f"no topic {topic}, neither in conf/topics nor in the page")


def check_inline(code: str) -> None:
    """Raises Wrong for inline code that is a command of ours, or an option, which does not exist.

    `[…]` are parts that can be left out, `a|b` are alternatives, and names in capitals stand for something else.
    """
    words = re.sub(r"[\[\]]", "", code).split()
    program = words[0] if words else ""
    if program == "make" and len(words) > 1:
        check_make(words[1:])
    elif words[1:2] == ["-m"] and len(words) > 2:
        for alternative in _alternatives(words[3:]):
            _check_exists(words[2], alternative)
    elif program.endswith("spark-submit") and len(words) > 1 and words[1].islower() and not (ROOT / words[1]).is_file():
        raise Wrong(f"{words[1]} does not exist")
    elif program.startswith("--") and program.partition("=")[0] not in OPTIONS | OF_SPARK:
        raise Wrong("no command has this option")


def _alternatives(words: Sequence[str]) -> list[list[str]]:
    if not words:
        return [[]]
    return [[first, *rest] for first in words[0].split("|") for rest in _alternatives(words[1:])]


def _check_exists(module: str, words: Sequence[str]) -> None:
    """Holds the names of subcommands and options to the command line; what is required may be missing."""
    if module not in APPS:
        raise Wrong(f"no command line {module}")
    command: Any = typer.main.get_command(APPS[module])
    for word in words:
        if word == "--help":  # every command has it
            continue
        commands = getattr(command, "commands", {})
        if word.startswith("-"):
            if word not in {option for given in command.params for option in given.opts}:
                raise Wrong(f"no option {word}")
        elif commands and not word.isupper():
            if word not in commands:
                raise Wrong(f"no command {word}")
            command = commands[word]


def commands() -> dict[tuple[str, ...], Any]:
    """Returns every command and subcommand of ours by its words, such as `("ingest", "rules", "show")`."""
    found: dict[tuple[str, ...], Any] = {}
    waiting: list[tuple[tuple[str, ...], Any]] = [((name,), typer.main.get_command(app)) for name, app in APPS.items()]
    while waiting:
        words, command = waiting.pop()
        found[words] = command
        waiting += [((*words, name), one) for name, one in getattr(command, "commands", {}).items()]
    return found


def _options() -> set[str]:
    found = set(VERBOSE) | {"--help"}
    found.update(option for command in commands().values() for given in command.params for option in given.opts)
    parser = _parser_of(importlib.import_module("jobs.daily"))
    return found | {option for action in parser._actions for option in action.option_strings}


OPTIONS = _options()
