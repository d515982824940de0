"""`python -m readers quality`: which checks of the runs over a window failed, and whether that stops a schedule."""

from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from jobs.framework.figures import Outcome
from jobs.framework.quality import Quality
from jobs.framework.runs import JobRun
from jobs.framework.window import Window
from readers.cli import main

START = datetime(2016, 5, 1, tzinfo=UTC)
DAY = ("--from", "2016-05-01", "--to", "2016-05-02")
POSTS = Outcome("posts", "kind is one of original, retweet", "error", success=False, observed="1 of 41 rows")
FEW = Outcome("posts", "post count is near 400", "warning", success=False, observed="41")
FINE = Outcome("posts", "author_id is not null", "error", success=True, observed="")


class Past:
    """Runs of jobs over a topic."""

    def __init__(self, session: Session, settings: Settings, topic: Topic) -> None:
        self.session, self.settings, self.topic = session, settings, topic

    def run(self, job: str, hour: int, status: str, *outcomes: Outcome, days: int = 1) -> None:
        window = Window(START, START + timedelta(days=days), self.topic.zone)
        at = START + timedelta(hours=hour)
        done = JobRun(self.session, self.settings.keyspace, job, self.topic, window, at)
        done.write(status, seconds=1.0, error="PulsoError: a check failed" if status == "failed" else None)
        quality = Quality(done.run_id, outcomes=list(outcomes))
        quality.write(self.session, self.settings.keyspace, job, self.topic.topic, at)


@pytest.fixture
def past(session: Session, settings: Settings, topic: Topic) -> Past:
    return Past(session, settings, topic)


def test_a_run_that_published_nothing_fails_and_its_checks_are_named(
    past: Past, capsys: pytest.CaptureFixture[str]
) -> None:
    past.run("candidate_poll", 1, "failed", FINE, FEW, POSTS)
    past.run("author_activity", 2, "succeeded", FINE)
    assert main(["quality", "--topic", past.topic.topic, *DAY]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "author_activity: succeeded, 1 checks",
        "candidate_poll: failed, 3 checks, 2 of them failed",
        "  PulsoError: a check failed",
        "  error: posts: kind is one of original, retweet: 1 of 41 rows",
        "  warning: posts: post count is near 400: 41",
    ]
    assert told.err.startswith("error: candidate_poll published nothing. ")


def test_only_the_newest_run_over_just_this_window_counts(past: Past, capsys: pytest.CaptureFixture[str]) -> None:
    past.run("candidate_poll", 1, "failed", POSTS)
    past.run("candidate_poll", 2, "succeeded", FINE, FEW)
    past.run("candidate_poll", 3, "failed", POSTS, days=2)
    assert main(["quality", "--topic", past.topic.topic, *DAY]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "candidate_poll: succeeded, 2 checks, 1 of them failed"


def test_no_run_is_a_failure(past: Past, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "--topic", past.topic.topic, *DAY]) == 1
    assert "no job has run over" in capsys.readouterr().err
