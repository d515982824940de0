import os
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_dags.wiring.topics import read_topics, unknown_votes
from conf import ROOT
from conf.schedule import Schedule
from conf.settings import load_settings


def test_a_topic_file_that_cannot_be_read_takes_no_other_topics_dags(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("topic: good\n", encoding="utf-8")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "western.yaml").write_bytes(b"topic: western\ntitle: Jos\xe9\n")
    (tmp_path / "short.yml").write_text("topic: short\n", encoding="utf-8")
    (tmp_path / ".#good.yaml").symlink_to("of an editor")
    found = read_topics(tmp_path)
    assert [file.name for file in found.files] == ["good"]
    assert found.problems == [
        f"{tmp_path}/folder.yaml can't be read: Is a directory",
        f"{tmp_path}/short.yml: is not read. Call it short.yaml",
        f"{tmp_path}/western.yaml:2: a letter there is not UTF-8. Save the file as UTF-8",
    ]


@pytest.mark.parametrize(
    ("zone", "read"),
    [
        ("Asia/Manila", "Asia/Manila"),
        ("*zone", "Europe/London"),
        ("", None),
        ("[Asia/Manila]", None),
        ("../../etc/passwd", None),
        ('"a\\0b"', None),
        ("x" * 5000, None),
    ],
)
def test_the_time_zone_is_a_name_or_told_in_one_short_line(tmp_path: Path, zone: str, read: str | None) -> None:
    (tmp_path / "t.yaml").write_text(f"title: &zone Europe/London\nmatch: [{{timezone: UTC}}]\ntimezone: {zone}\n")
    found = read_topics(tmp_path)
    assert [file.timezone for file in found.files] == ([read] if read else [])
    for problem in found.problems:
        assert "t.yaml: timezone: no such time zone" in problem
        assert len(problem) < len(str(tmp_path)) + 200


NAMED = "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 20)}]\n" for before, one in zip("abcdefg", "bcdefgh", strict=True)
)
HOSTILE = {
    "deep": "match: " + "[" * 200_000,
    "closed": f"match: {'[' * 200_000}{']' * 200_000}\n",
    "many": f"a: &a [x]\n{NAMED}timezone: *h\n",
    "merged": "a: &a {x: y}\n" + NAMED.replace("[", "{<<: [").replace("]", "]}") + "<<: *h\n",
}
READS = """
import sys
from pathlib import Path
from airflow_dags.wiring.topics import read_topics
found = read_topics(Path(sys.argv[1]))
print(*(file.name for file in found.files), *found.problems, sep="\\n")
"""


def test_a_hostile_file_costs_its_own_topic_alone_and_neither_time_nor_memory(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("topic: good\n")
    for name, text in HOSTILE.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    done = subprocess.run(  # it would crash, or take hours: not in this process
        ["/bin/sh", "-c", 'ulimit -v 1000000; exec "$@"', "sh", sys.executable, "-c", READS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    good, *told = done.stdout.splitlines()
    assert good == "good"
    assert [line.removeprefix(f"{tmp_path}/").split(": ")[0] for line in told] == sorted(f"{n}.yaml" for n in HOSTILE)


def test_a_vote_of_an_unknown_topic_is_told(tmp_path: Path) -> None:
    (tmp_path / "ph2016.yaml").write_text("topic: ph2016\n")
    settings = load_settings(topics_dir=tmp_path, schedule=tmp_path / "s.yaml")
    schedule = Schedule.model_validate({"votes": {"ph2016": "2016-05-09", "ph2106": "2016-05-09"}})
    assert unknown_votes(settings, schedule) == [f"{tmp_path}/s.yaml: votes: no topic 'ph2106'. Did you mean ph2016?"]
