"""The benchmark of jobs: what it computes with seconds, how it reads a job's line, and how it compares two tables."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli import Name, main, row_numbers
from bench.jobs.compared import check_posts
from bench.jobs.figures import LEAST_NET, exponent, net_of, ratio_of_medians
from bench.jobs.same import first_difference
from bench.jobs.sides import checked_out, commit_of
from bench.jobs.submits import Measured, Told, one_after_the_other, told_by
from bench.jobs.table import HEADER, Compared, Target, by_ratio
from bench.results import Section, write_section
from bench.watch import Role, Watch, role_of
from conf.errors import PulsoError

DAILY = """\
warning: posts: post count is near 10, the mean of the week before: 279
candidate_poll ph2016 [2016-04-20T01:00Z, 2016-04-20T02:00Z): 1,279 posts read, 22 rows published in 9.1 s, 0.4 s of them checks
network_graph ph2016 [2016-04-20T01:00Z, 2016-04-20T02:00Z): 279 posts read, 1,022 rows published in 12.0 s
"""  # noqa: E501 - a job's own line


def measured(seconds: float, *, cpu: float = 1.0, **told: Told) -> Measured:
    return Measured(seconds, cpu, 0.5, 100, 10, told)


@pytest.mark.parametrize("growth", [0.5, 1.0, 1.3])
def test_the_exponent_of_a_power_is_that_power(growth: float) -> None:
    assert exponent({posts: 3 * posts**growth for posts in (100_000, 1_000_000, 10_000_000)}) == pytest.approx(growth)


def test_the_exponent_of_points_off_the_curve_is_that_of_least_squares() -> None:
    assert exponent({1: 1.0, 10: 100.0, 100: 100.0}) == pytest.approx(1.0)


def test_growth_needs_two_sizes() -> None:
    with pytest.raises(PulsoError, match="at least two different numbers of posts"):
        exponent({1000: 2.0})


def test_a_time_net_of_start_is_never_negative() -> None:
    assert net_of([9.0, 10.0, 50.0], [4.0, 4.0, 1.0]) == 6.0
    assert net_of([3.0], [4.0]) == LEAST_NET


def test_the_ratio_is_of_medians_and_not_of_rounds() -> None:
    assert ratio_of_medians([1.0, 2.0, 30.0], [8.0, 4.0, 2.0]) == 0.5


def test_the_lines_of_jobs_are_read_and_nothing_else() -> None:
    assert told_by(DAILY) == {"candidate_poll": Told(1279, 9.1, 0.4), "network_graph": Told(279, 12.0, 0.0)}


def test_several_runs_count_as_one() -> None:
    whole = one_after_the_other([measured(2.0, a=Told(1, 1.0, 0.1)), measured(3.0, cpu=5.0, b=Told(2, 1.0, 0.1))])
    assert (whole.seconds, whole.cpu, whole.cassandra, whole.driver, whole.posts) == (5.0, 6.0, 1.0, 100, {1, 2})


def test_a_run_that_read_other_posts_is_refused() -> None:
    check_posts([measured(1.0, job=Told(7, 1.0, 0.1)), measured(1.0)], 7)
    with pytest.raises(PulsoError, match="a run read 6 posts, and 7 are stored"):
        check_posts([measured(1.0, job=Told(7, 1.0, 0.1)), measured(1.0, job=Told(6, 1.0, 0.1))], 7)


def test_two_tables_are_the_same_only_row_by_row_and_figure_by_figure() -> None:
    one = {("r", "a"): {"posts": 3, "share": 0.5, "low": None}}
    assert first_difference(one, {("r", "a"): {"posts": 3, "share": 0.5 + 1e-10, "low": None}}) == ""
    assert first_difference(one, {}) == "only one has a row r a"
    assert first_difference({}, one) == "only one has a row r a"
    for name, other in (("posts", 4), ("share", 0.5 + 1e-8), ("low", 0.1)):
        found = {("r", "a"): one["r", "a"] | {name: other}}
        assert first_difference(one, found).startswith(f"r a: {name} is ")


def test_a_row_says_whether_its_target_was_met(tmp_path: Path) -> None:
    ours, beside = [measured(1.0), measured(3.0)], [measured(4.0), measured(6.0, cpu=2.0)]
    row = Compared(3, "a job", 1000, ours, (0.5, 2.25), beside, by_ratio(ours, beside, 0.4))
    write_section(tmp_path / "R.md", ["jobs"], "jobs", Section("title", [row], [], HEADER), [])
    *_, head, rule, written = (tmp_path / "R.md").read_text(encoding="utf-8").rstrip().splitlines()
    assert head.count("|") == rule.count("|") == written.count("|")
    assert written == (
        "| 3. a job | 1,000 | 5.0 (4.0 to 6.0) | 2.0 (1.0 to 3.0) | 1.5 + 0.5 | 1.0 + 0.5 "
        "| 0.40 x | 0.40 x | met | 0.5 to 2.2 |"
    )
    assert not Target(0.41, 0.4).met


def test_rows_are_chosen_by_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert row_numbers("", [Name.PARSE]) == frozenset()
    assert row_numbers("1, 2,10", [Name.JOBS]) == {1, 2, 10}
    assert row_numbers("11", [Name.RATES]) == {11}
    assert main(["parse", "--rows", "1"]) == 2
    assert "only `jobs` and `rates` have rows" in capsys.readouterr().err
    for wrong in ("11", "0", "one", "1-3"):
        assert main(["jobs", "--rows", wrong]) == 2
        assert f"--rows: '{wrong}' is not a number from 1 to 10" in capsys.readouterr().err


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    return root


def git(root: Path, *words: str) -> None:
    by = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *by, *words], check=True, capture_output=True)


def test_a_commit_gets_its_own_files_and_this_environment(repository: Path, tmp_path: Path) -> None:
    for text in ("old", "new"):
        (repository / "file").write_text(text)
        git(repository, "add", "file")
        git(repository, "commit", "-m", text)
    folder = checked_out(commit_of("HEAD~1", repository), tmp_path / "at", repository)
    assert (folder / "file").read_text() == "old"
    assert (folder / ".venv").resolve() == Path(sys.prefix).resolve()
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("make", [lambda root: git(root, "commit", "--allow-empty", "-m", "one"), lambda root: None])
def test_a_commit_that_is_not_there_is_one_clear_error(repository: Path, make: Callable[[Path], None]) -> None:
    make(repository)
    with pytest.raises(PulsoError, match="there is no commit e348dd9 here"):
        commit_of("e348dd9", repository)
    with pytest.raises(PulsoError, match="there is no commit e348dd9 here"):
        commit_of("e348dd9", repository.parent)


@pytest.mark.parametrize(
    ("command", "role"),
    [
        (["java", "-cp", "x", "org.apache.spark.deploy.SparkSubmit", "jobs/a.py"], Role.DRIVER),
        (["python3.11", "jobs/a.py", "--topic", "t"], Role.SCRIPT),
        (["python3.11", "-m", "pyspark.daemon"], Role.WORKER),
        (["bash", "spark-submit", "jobs/a.py"], Role.OTHER),
    ],
)
def test_a_process_has_the_role_that_its_command_line_shows(command: list[str], role: Role) -> None:
    assert role_of(command[0], command) == role


BUSY = (
    "import time; held = bytearray(50_000_000); end = time.process_time() + 1.0\nwhile time.process_time() < end: pass"
)
BEHIND = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


def test_a_watch_sees_the_cpu_and_the_memory_of_a_child() -> None:
    watch, began = Watch(), time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", BEHIND])
    with watch.over(process.pid):
        assert process.wait() == 0
    assert 0.5 < watch.cpu < time.monotonic() - began
    assert watch.peaks[Role.WORKER] > 50_000_000
    assert watch.peaks[Role.DRIVER] == 0
