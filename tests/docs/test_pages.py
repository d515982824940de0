"""The pages name what exists: links, paths, settings, topics and the version."""

import re
import tomllib
from pathlib import Path

import pytest
from dotenv import dotenv_values

from conf import ROOT, VERSION
from conf.bots import Bots
from conf.column_map import Columns, load_map
from conf.settings import Settings, load_settings
from conf.topic import Topic, parse_topic
from ingest.sources.x.rules import rules_of
from tests.docs.checks import SETTINGS
from tests.docs.pages import PAGES, read

ALL_PAGES = (*PAGES, ROOT / "CHANGELOG.md")
EXAMPLE = ROOT / ".env.example"
_PATH = re.compile(r"(?:[a-z_.]+/)+[a-z0-9_.-]*")
"""Inline code that is a path of the project. Names in capitals stand for something else."""
_NOT_OURS = (".pulso", ".venv", "dist/")


def yaml_blocks(begin: str) -> list[tuple[str, str]]:
    """Returns the blocks of all pages that begin with a key, each with its page."""
    blocks = [(block, str(path)) for path in PAGES for block in read(path).blocks if block.language == "yaml"]
    return [(block.text, path) for block, path in blocks if block.text.lstrip().startswith(begin)]


def topics() -> list[Topic]:
    return [parse_topic(text, path) for text, path in yaml_blocks("topic:")]


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    page = read(path)
    for link in page.links:
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.is_file(), link
        assert not anchor or anchor in read(target).anchors, link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_exist(path: Path) -> None:
    described = {f"conf/topics/{topic.topic}.yaml" for topic in topics()}
    named = [code for code in read(path).inline if _PATH.fullmatch(code) and not code.startswith(_NOT_OURS)]
    assert [code for code in named if not (ROOT / code).exists() and code not in described] == []


def test_the_start_table_names_files() -> None:
    table = read(ROOT / "docs" / "architecture.md").prose.partition("| to change |")[2]
    assert len(re.findall(r"`[a-z]+/[a-z_/]+\.py`", table)) > 20


def test_every_topic_in_a_page_is_one() -> None:
    assert len(topics()) >= 2
    for topic in topics():
        assert topic.races
        assert rules_of(topic).rules


def test_every_column_map_in_a_page_is_one(tmp_path: Path) -> None:
    maps = yaml_blocks("network:")
    assert len(yaml_blocks("")) == len(maps) + len(topics())
    assert maps
    for text, _ in maps:
        (tmp_path / "map.yaml").write_text(text)
        assert load_map(str(tmp_path / "map.yaml")).names


def test_the_readme_names_every_part_of_a_column_map() -> None:
    section = read(ROOT / "README.md").prose.partition("## From a table")[2].partition("\n## ")[0]
    others = [f"{other}_author" for other in ("retweet_of", "reply_to", "quote_of")]
    said = " ".join([section, *others, *(f"{each}_id" for each in others)])
    assert [name for name in Columns.model_fields if name not in said] == []


def test_every_setting_is_in_the_readmes_table() -> None:
    table = read(ROOT / "README.md").prose.partition("| setting |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`((?:PULSO_|X_|MASTODON_)[A-Z_]+)`", table)) == SETTINGS


def test_every_setting_is_in_env_example() -> None:
    assert set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)) == SETTINGS


def test_pages_name_no_setting_that_does_not_exist() -> None:
    for path in ALL_PAGES:
        named = set(re.findall(r"\bPULSO_[A-Z_]*[A-Z]\b", path.read_text()))
        assert named <= SETTINGS, path


def test_dotenv_blocks_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    blocks = [block.text for path in PAGES for block in read(path).blocks if block.language == "ini"]
    assert blocks
    for block in blocks:
        (tmp_path / ".env").write_text(block)
        own = {name for name in dotenv_values(".env") if not name.startswith("AIRFLOW_")}  # those are Airflow's
        assert own <= SETTINGS
        assert (load_settings() != Settings.model_construct()) == bool(own)


def test_the_readme_lists_every_job() -> None:
    table = read(ROOT / "README.md").prose.partition("| job | tables |")[2].partition("\n\n")[0]
    jobs = {file.stem for file in (ROOT / "jobs").glob("*.py")} - {"__init__", "daily"}
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == jobs


def test_the_method_page_has_the_thresholds_as_they_are() -> None:
    page = " ".join((ROOT / "docs" / "method.md").read_text().split())
    told = page.partition("Bot thresholds: begin")[2].partition("Bot thresholds: end")[0]
    bots = Bots()
    rhythm, copies, follows = bots.round_the_clock, bots.near_duplicates, bots.follow_ratio
    for phrase in (
        f"score of {bots.flag_at:g} or more is flagged",
        f"strong rules weigh {bots.posting_rate.weight:g}, the weak ones {bots.new_account.weight:g}",
        f"`declared` {bots.declared.weight:g}. A rule needs at least {bots.client.min_posts} posts",
        f"`posting_rate` needs {bots.posting_rate.min_posts}, `round_the_clock` {rhythm.min_posts} posts",
        f"posts on {rhythm.min_days} days, and `declared` only {bots.declared.min_posts}",
        f"`posting_rate`: {bots.posting_rate.posts_an_hour:g} posts per hour",
        f"`round_the_clock`: {100 * rhythm.share:g} % of the posts in the quietest {rhythm.quiet_hours} hours",
        f"fewer than {copies.min_words} words are ignored. The same words from {copies.campaign_authors} authors",
        f"`retweet_share`: {100 * bots.retweet_share.share:g} % of the posts",
        f"less than {bots.new_account.days:g} days before",
        f"at least {follows.following:,} accounts followed, and {follows.ratio:g} for each follower",
    ):
        assert phrase in told


def test_the_version_is_the_same_everywhere() -> None:
    newest = re.findall(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (declared, newest[0]) == (VERSION, VERSION)
