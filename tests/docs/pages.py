"""Reads the project's pages: their fenced blocks, the commands in these, inline code, links and headings."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from conf import ROOT

PAGES = tuple(
    ROOT / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "deploy/README.md",
        *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")),
    )
)
_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_SUBSTITUTION = re.compile(r"\$\((.*?)\)")
_ENDS = {"|", "||", "&", "&&", ";"}
_REDIRECTS = {">", ">>", "<"}


@dataclass(frozen=True)
class Command:
    """One command of a shell line: its words, and the environment variables that it gets."""

    words: tuple[str, ...]
    variables: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the word behind its opening fence."""

    language: str
    text: str

    @property
    def commands(self) -> list[Command]:
        """The commands of a shell block, in order; variables that are exported count for all that follow."""
        exported: list[str] = []
        found = []
        for line in self.text.replace("\\\n", " ").splitlines():
            for command in commands_of(line):
                if command.words[:1] == ("export",):
                    exported += [word.partition("=")[0] for word in command.words[1:]]
                found.append(Command(command.words, (*exported, *command.variables)))
        return found


@dataclass(frozen=True)
class Page:
    """A Markdown page."""

    text: str
    folder: Path = field(default=ROOT)

    @cached_property
    def blocks(self) -> list[Block]:
        """Its fenced blocks."""
        return [Block(*match) for match in _FENCE.findall(self.text)]

    @cached_property
    def prose(self) -> str:
        """Its text without the fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def inline(self) -> list[str]:
        """The code inside its sentences and tables; in tables `|` is written as `\\|`."""
        return [code.replace("\\|", "|") for code in _INLINE.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link can name after `#`, as code hosts make it from headings."""
        kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(self.prose))
        return {heading.replace(" ", "-") for heading in kept}


def read(path: Path) -> Page:
    """Reads a page."""
    return Page(path.read_text(encoding="utf-8"), path.parent)


def commands_of(line: str) -> Iterator[Command]:
    """Yields the commands of a shell line, those in `$(…)` included, without comments and redirects."""
    for inner in _SUBSTITUTION.findall(line):
        yield from commands_of(inner)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for token in (*lexer, ";"):
        if token in _ENDS:
            if words:
                yield _command(words)
            words = []
        elif token in _REDIRECTS:
            skip = True
        elif skip:
            skip = False
        else:
            words.append(token)


def _command(words: list[str]) -> Command:
    """Tells the words of a command from the assignments before them."""
    variables = []
    while words and (found := _ASSIGNMENT.match(words[0])):
        variables.append(found[1])
        words = words[1:]
    return Command(tuple(words), tuple(variables))
