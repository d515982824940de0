"""Every command in the pages is taken by its own parser, so that a mistyped option in the README fails here."""

from pathlib import Path

import pytest

import ingest.cli
from conf import ROOT, cli
from tests.docs.checks import APPS, SHIPPED, Wrong, check_command, check_inline, commands, problems_of
from tests.docs.pages import PAGES, Page, commands_of, read


@pytest.mark.parametrize("path", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_command_of_a_page_is_one(path: Path) -> None:
    assert problems_of(read(path)) == []


def test_there_are_commands_to_check() -> None:
    shell = [block for path in PAGES for block in read(path).blocks if block.language == "sh"]
    found = [str(command) for block in shell for command in block.commands]
    for program in ("make demo", "make test", ".venv/bin/python -m ingest stream", ".venv/bin/spark-submit jobs/"):
        assert any(command.startswith(program) for command in found), program


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("--smooth 7", "--smoth 7"),
        ("--race president", "--race"),
        ("--backbone 0.05", "--backbone much"),
        ("--source bluesky", ""),
        ("-m ingest migrate", "-m ingest migrat"),
        (".venv/bin/python -m ingest status", "python -m ingest status"),
        ("make demo", "make dmeo"),
        ("jobs/candidate_poll.py", "jobs/candidate_pol.py"),
        ("--from 2016-02-08T16:00Z", "--from soon"),
        ("--from 2016-02-08T16:00Z", ""),
        ("export SPARK_CONF_DIR=conf", "export SPARK_CONF=conf"),
        ("--topic drinks --wait", "--topic drink --wait"),
        ("```sh", "```"),
        ("rules show\\|diff\\|push", "rules show\\|dif\\|push"),
        ("`--min-weight`", "`--min-wait`"),
    ],
)
def test_a_mistake_in_the_readme_is_found(right: str, wrong: str) -> None:
    text = (ROOT / "README.md").read_text()
    if right == "--backbone 0.05":
        text = text.replace("--k-core 2", right)
    assert right in text
    assert problems_of(Page(text.replace(right, wrong, 1)))


@pytest.mark.parametrize(
    "line",
    [
        ".venv/bin/python -m readers poll --topic ph2016",
        "PULSO_KEYSPACE=other make up && make down",
        ".venv/bin/python -m ingest generate | .venv/bin/python -m ingest replay - --topic ph2016 > log  # a comment",
        '"$(.venv/bin/python -m deploy java)" -version',
    ],
)
def test_shell_lines_are_taken_apart(line: str) -> None:
    for command in commands_of(line):
        check_command(command, SHIPPED)


@pytest.mark.parametrize(
    "line",
    [
        "PULSO_KEYSPCE=other make up",
        "make up && make dwn",
        ".venv/bin/python -m ingest generate | .venv/bin/python -m ingest replya - --topic ph2016",
        '"$(.venv/bin/python -m deploy jaba)" -version',
        "SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/cascades.py --topic ph2016 --from 2016 --to 2016-01-02",
        ".venv/bin/python -m pytest tests/nowhere",
        "rm -rf .",
    ],
)
def test_a_mistake_in_any_part_of_a_shell_line_is_found(line: str) -> None:
    problems = []
    for command in commands_of(line):
        try:
            check_command(command, SHIPPED)
        except Exception as problem:
            problems.append(problem)
    assert len(problems) == 1


def test_a_continued_line_is_one_command() -> None:
    page = Page("```sh\nmake \\\n  up\n```\n")
    assert [command.words for block in page.blocks for command in block.commands] == [("make", "up")]


@pytest.mark.parametrize("code", ["make upp", "python -m ingest stat", "python -m deploy up [--heep 1G]", "--toppic"])
def test_inline_code_is_checked_too(code: str) -> None:
    with pytest.raises(Wrong):
        check_inline(code)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    module, *names = words
    assert cli.run(APPS[module], f"python -m {module}", [*names, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_the_readmes_first_topic_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = next(block.text for block in read(ROOT / "README.md").blocks if block.language == "yaml")
    (tmp_path / "drinks.yaml").write_text(text)
    monkeypatch.setenv("PULSO_TOPICS_DIR", str(tmp_path))
    assert ingest.cli.main(["rules", "show", "--topic", "drinks"]) == 0
    assert "coffee" in capsys.readouterr().out
