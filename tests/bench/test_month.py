"""The month that the benchmarks store: exactly as many posts as asked for, all of them in the month."""

from datetime import datetime
from pathlib import Path

import orjson
import pytest

from bench.month import MONTH, write_lines


@pytest.mark.parametrize("posts", [1000, 2000, 3000])
def test_a_month_has_the_posts_that_were_asked_for(tmp_path: Path, posts: int) -> None:
    write_lines(posts, tmp_path / "lines")
    times = [orjson.loads(line)["data"]["created_at"] for line in (tmp_path / "lines").read_bytes().splitlines()]
    assert len(times) == posts
    assert all(MONTH[0] <= datetime.fromisoformat(at) < MONTH[1] for at in times)
