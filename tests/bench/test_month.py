"""The month that the benchmarks store: exactly as many posts as asked for, all of them in the month."""

from datetime import datetime
from pathlib import Path

import orjson
import pytest

from bench import month
from bench.month import MONTH, write_lines


@pytest.mark.parametrize("posts", [1000, 2000, 3000])
def test_a_month_has_the_posts_that_were_asked_for(tmp_path: Path, posts: int) -> None:
    write_lines(posts, tmp_path / "lines")
    times = [orjson.loads(line)["data"]["created_at"] for line in (tmp_path / "lines").read_bytes().splitlines()]
    assert len(times) == posts
    assert all(MONTH[0] <= datetime.fromisoformat(at) < MONTH[1] for at in times)


def test_more_posts_than_one_campaign_may_have_come_from_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert month.MOST == 2_000_000
    monkeypatch.setattr(month, "MOST", 1000)
    write_lines(2500, tmp_path / "lines")
    posts = [orjson.loads(line)["data"] for line in (tmp_path / "lines").read_bytes().splitlines()]
    workers = [int(post["id"]) >> 12 & 1023 for post in posts]
    assert len({post["id"] for post in posts}) == len(posts) == 2500
    parts = (workers[:1000], workers[1000:2000], workers[2000:])
    assert [(min(part) // 341, max(part) // 342) for part in parts] == [(0, 0), (1, 1), (2, 2)]
    assert all(MONTH[0] <= datetime.fromisoformat(post["created_at"]) < MONTH[1] for post in posts)
