"""Each notebook runs to its end, in a kernel of its own, on stored posts and published figures."""

import os
from pathlib import Path
from typing import Any

import pytest
from cassandra.cluster import Session

from conf import ROOT
from conf.settings import Settings
from conf.tables import HASHTAG_TRENDS
from conf.topic import Topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.stored_graph import some_graph, store, write
from tests.support.summaries import row_of, run, store_poll

jupytext = pytest.importorskip("jupytext", reason="requirements-dev.txt has jupytext, nbclient and ipykernel")
nbclient = pytest.importorskip("nbclient", reason="requirements-dev.txt has jupytext, nbclient and ipykernel")
pytest.importorskip("ipykernel", reason="requirements-dev.txt has jupytext, nbclient and ipykernel")
pytest.importorskip("altair", reason="requirements.txt has altair")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
PLOTS = {"first_look": 1, "election_night": 1, "influence": 2, "precision": 1}


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session, client: RedisClient) -> Topic:
    topic, queue = make_topic(settings), PostsQueue(client, "test:notebooks")
    queue.ensure_group()
    lines = (line for chunk in generate(topic, 1_500, 4) for line in chunk.splitlines())
    load(lines, topic.topic, queue, session, settings)
    store_poll(session, settings, topic)
    run_id = run(session, settings, topic, HASHTAG_TRENDS.job)
    write(session, settings, HASHTAG_TRENDS, iter([row_of(HASHTAG_TRENDS, topic, run_id, hashtag="halalan")]))
    store(some_graph(), session, settings, topic)
    return topic


@pytest.mark.parametrize("file", NOTEBOOKS, ids=[file.stem for file in NOTEBOOKS])
@pytest.mark.filterwarnings("default")  # of the libraries that run notebooks
def test_a_notebook_runs_to_its_end(file: Path, topic: Topic, tmp_path: Path) -> None:
    text = file.read_text()
    assert '"ph2016"' in text
    notebook = jupytext.reads(text.replace('"ph2016"', f'"{topic.topic}"'), fmt="py:percent")
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    where = {"metadata": {"path": str(ROOT / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
    outputs: list[Any] = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    told = "".join(output.get("text", "") for output in outputs if output.get("name") == "stderr")
    assert told == "", told
    plots = [kind for output in outputs for kind in output.get("data", {}) if kind == "image/svg+xml"]
    assert len(plots) == PLOTS[file.stem]


def test_a_plot_is_a_picture_without_a_network(tmp_path: Path) -> None:
    import altair as alt  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    pytest.importorskip("vl_convert", reason="requirements.txt has vl-convert-python")
    chart = alt.Chart(pd.DataFrame({"a": ["東京", "x"], "b": [1, 2]})).mark_bar().encode(x="b:Q", y="a:N")
    for kind, begin in (("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")):
        chart.save(str(tmp_path / f"plot.{kind}"))
        assert (tmp_path / f"plot.{kind}").read_bytes().startswith(begin)
