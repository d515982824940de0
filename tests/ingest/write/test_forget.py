"""`python -m ingest forget`: what a person asks to have deleted goes, and does not come again."""

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.cli import main
from ingest.queue.posts_queue import PostsQueue
from tests.support.bluesky import event
from tests.support.line import AT, LATER, OTHER, OWN, X_ID, Line, other, own, x_post

pytestmark = pytest.mark.usefixtures("no_ledger")


class TestForget:
    def test_a_persons_posts_go_and_none_comes_again(
        self, stream: PostsQueue, session: Session, settings: Settings, topic: Topic, capsys: pytest.CaptureFixture[str]
    ) -> None:
        line = Line(stream, session, settings, topic.topic)
        renamed = event({"text": "later"}, AT + 3 * LATER)
        assert line.work(own(), other()).keys() == {OWN, OTHER}
        capsys.readouterr()
        assert main(["forget", "--source", "bluesky", "--author", "did:plc:ana"]) == 0
        assert capsys.readouterr().out == "1 requests queued\n"
        assert line.work(own(), renamed).keys() == {OTHER}

    def test_an_x_account_is_forgotten_under_its_next_handle_too(
        self, stream: PostsQueue, session: Session, settings: Settings, topic: Topic
    ) -> None:
        line = Line(stream, session, settings, topic.topic)
        handle = line.work(x_post())[X_ID].author
        assert main(["forget", "--source", "x", "--author", f"@{handle.upper()}"]) == 0
        assert line.work() == {}
        second = str(int(X_ID) + (60_000 << 22))
        data = orjson.loads(x_post(second))
        for user in data["includes"]["users"]:
            user["username"] = "renamed"
        assert line.work(orjson.dumps(data)) == {}

    def test_a_post_is_forgotten(self, stream: PostsQueue, session: Session, settings: Settings, topic: Topic) -> None:
        line = Line(stream, session, settings, topic.topic)
        line.work(x_post())
        assert main(["forget", "--source", "x", "--post", X_ID]) == 0
        assert line.work(x_post()) == {}

    @pytest.mark.parametrize("options", [["--source", "myspace", "--post", "1"], ["--source", "x"]])
    def test_wrong_use_is_told(self, stream: PostsQueue, options: list[str]) -> None:
        assert main(["forget", *options]) == 2
