"""A job over few posts starts with options for few; how many they are, the last job over the topic tells."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from conf.settings import DEFAULTS, load_settings
from conf.topic import Topic
from jobs.framework.posts_a_day import FOLDER, remember
from jobs.framework.window import Window
from tests.support.spark_start import NO_PAGE, SUBMIT, Start

INTERPRETED = [
    *("--conf", "spark.sql.codegen.wholeStage=false"),
    *("--conf", "spark.sql.codegen.factoryMode=NO_CODEGEN"),
]
KEYSPACE = DEFAULTS.keyspace
T = Topic(topic="t")
DAY = Window(datetime(2016, 5, 9, tzinfo=UTC), datetime(2016, 5, 10, tzinfo=UTC), ZoneInfo("UTC"))


def is_small(start: Start, *arguments: str, **variables: str) -> bool:
    """Whether a job goes without the second compiler and Spark's page."""
    words, options = start.run(SUBMIT, "jobs/x.py", *arguments, **variables)
    small = "-XX:TieredStopAtLevel=1" in options
    tiny = INTERPRETED if words[1:5] == INTERPRETED else []
    assert words == [SUBMIT, *tiny, *(NO_PAGE if small else []), *start.added, "jobs/x.py", *arguments]
    assert ("-XX:Tier4CompileThreshold=30000 " in options) is not small
    directives = start.folder / "clone" / "deploy" / "start" / "compiler.json"
    left_alone = f'"-XX:CompilerDirectivesFile={directives}" -XX:-DisplayVMOutput' in options
    assert left_alone is (not small and any(word.startswith("--topic") for word in arguments)), (
        "no job: it has no topic"
    )
    words, options = start.run(SUBMIT, "--master", "yarn", "jobs/x.py", *arguments)
    assert (words, options) == ([SUBMIT, "--master", "yarn", "jobs/x.py", *arguments], "")
    return small


@pytest.mark.parametrize(
    ("window", "small"),
    [
        (["--from", "2016-05-09", "--to", "2016-05-10"], True),
        (["--from=2016-02-28T16:00Z", "--to=2016-02-29T16:00Z"], True),
        (["--to", "2017-01-01T00:30+08:00", "--from", "2016-12-31T23:30+08:00"], True),
        (["--from", "2016-05-09", "--to", "2016-05-11"], False),
        (["--from", "2016-05-09T01:00Z", "--to", "2016-05-11T00:00Z"], True),
        (["--from", "2016-02-28", "--to", "2016-03-01"], False),
        (["--from", "2015-02-28", "--to", "2015-03-01"], True),
        (["--from", "2015-12-31", "--to", "2017-01-01"], False),
        (["--from", "2016-05-09"], False),
        (["--from", "--to"], False),
        (["--from", "20160509", "--to", "20160510"], False),
        (["--from", "$(touch x)2016", "--to", "0x16-08-09"], False),
    ],
)
def test_where_nothing_is_known_of_a_topic_a_day_is_small(start: Start, window: list[str], small: bool) -> None:
    assert is_small(start, "--topic", "t", *window) is small
    assert not is_small(start, *window), "no job: it has no topic"
    assert not is_small(start, "--topic", "../t", *window)


@pytest.mark.parametrize(
    ("posts", "window", "small"),
    [
        (2_000, ("2016-02-01", "2016-05-11"), True),
        (2_001, ("2016-02-01", "2016-05-11"), False),
        (200_001, ("2016-05-09", "2016-05-10"), False),
        (4_800_000, ("2016-05-09T10:00Z", "2016-05-09T11:00Z"), True),
        (4_800_024, ("2016-05-09T10:00Z", "2016-05-09T11:00Z"), False),
        (0, ("2016-05-09", "2017-05-10"), True),
    ],
)
def test_a_job_is_small_if_the_last_one_over_the_topic_tells_of_few_posts(
    start: Start, posts: int, window: tuple[str, str], small: bool
) -> None:
    for home in (start.home, start.conf.parent / ".pulso"):  # else the project's own is asked
        remember(load_settings(home=home, keyspace=KEYSPACE), T, DAY, posts)
        assert is_small(start, "--topic=t", "--from", window[0], "--to", window[1]) is small
        (start.home / FOLDER / "pulso.t").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("posts", "window", "is_interpreted"),
    [
        (120_000, ("2016-05-09T10:00Z", "2016-05-09T11:00Z"), True),
        (120_024, ("2016-05-09T10:00Z", "2016-05-09T11:00Z"), False),
        (5_000, ("2016-05-09", "2016-05-10"), True),
        (5_001, ("2016-05-09", "2016-05-10"), False),
    ],
)
def test_plans_for_the_posts_of_an_hour_are_interpreted(
    start: Start, posts: int, window: tuple[str, str], is_interpreted: bool
) -> None:
    remember(load_settings(home=start.home, keyspace=KEYSPACE), T, DAY, posts)
    words, _ = start.run(SUBMIT, "jobs/x.py", "--topic=t", "--from", window[0], "--to", window[1])
    assert (words[1:5] == INTERPRETED) is is_interpreted
    words, _ = start.run(SUBMIT, "jobs/x.py", "--topic=other", "--from", window[0], "--to", window[1])
    assert words[1:5] != INTERPRETED, "nothing is known of this topic"


def test_the_same_topic_has_posts_of_its_own_in_each_keyspace(start: Start) -> None:
    window = ("--topic", "t", "--from", "2016-05-09", "--to", "2016-05-10")
    remember(load_settings(home=start.home, keyspace=KEYSPACE), T, DAY, 200_001)
    remember(load_settings(home=start.home, keyspace="trial"), T, DAY, 3)
    assert not is_small(start, *window)
    assert is_small(start, *window, PULSO_KEYSPACE="trial")
    remember(load_settings(home=start.home, keyspace="trial"), T, DAY, 200_001)
    remember(load_settings(home=start.home, keyspace=KEYSPACE), T, DAY, 3)
    (start.folder / ".env").write_text("PULSO_KEYSPACE='trial'\n")
    assert not is_small(start, *window)
    assert is_small(start, *window, PULSO_KEYSPACE="pulso"), "the environment wins over .env"
    assert not is_small(start, *window, PULSO_KEYSPACE="../x")


def test_posts_a_day_are_rounded_up_and_rubbish_in_their_file_is_ignored(start: Start) -> None:
    hour = Window(datetime(2016, 5, 9, 10, tzinfo=UTC), datetime(2016, 5, 9, 11, tzinfo=UTC), DAY.zone)
    remember(load_settings(home=start.home, keyspace=KEYSPACE), T, hour, 7)
    file = start.home / FOLDER / "pulso.t"
    assert file.read_text() == "168\n"
    assert [one.name for one in file.parent.iterdir()] == ["pulso.t"]
    for rubbish in ("", "a[$(touch x)]", "-5", "5 5", "9" * 40):
        file.write_text(rubbish)
        assert is_small(start, "--topic", "t", "--from", "2016-05-09", "--to", "2016-05-10")
        assert not is_small(start, "--topic", "t", "--from", "2016-05-09", "--to", "2016-06-10")
    remember(load_settings(home=Path("/dev/null"), keyspace=KEYSPACE), T, DAY, 7)
