"""The network page with 5,000 nodes: drawn, moved and searched in a browser."""

import random
import time
from collections.abc import Callable
from pathlib import Path

from cassandra.cluster import Session
from playwright.sync_api import Page

from conf.settings import Settings
from tests.conftest import make_topic
from tests.support.stored_graph import store

NODES, EDGES = 5_000, 25_000


def test_five_thousand_nodes_are_usable(
    opened: Callable[..., Page], session: Session, settings: Settings, artefacts: Path
) -> None:
    draw, topic = random.Random(1), make_topic(settings)
    weights = {(f"x:{n}", f"x:{draw.randrange(n)}"): 1 for n in range(1, NODES)}
    while len(weights) < EDGES:
        weights[f"x:{draw.randrange(NODES)}", f"x:{int(NODES * draw.random() ** 3)}"] = draw.randrange(1, 9)
    store({pair: weight for pair, weight in weights.items() if pair[0] != pair[1]}, session, settings, topic)
    page = opened()
    page.goto(f"/{topic.topic}/network?nodes=5000", wait_until="domcontentloaded")  # the drawing is waited for below
    assert "5,000 nodes" in page.locator("main").inner_text()
    began = time.monotonic()
    inside = page.frame_locator("iframe.drawing")
    inside.locator("canvas").wait_for(timeout=90_000)
    assert "5,000 nodes" in inside.locator("header").inner_text()
    inside.locator("#find").fill("x:17")
    inside.locator("#in").click()
    print(f"drawn after {time.monotonic() - began:.1f} s")
    page.screenshot(path=artefacts / "network-5000.png", full_page=True)
