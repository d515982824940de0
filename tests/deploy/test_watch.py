"""Alerts and the board ask only for what `stream`, `work` and `watch` tell, and each alert has its page."""

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from cassandra.cluster import Session

from conf import ROOT
from conf.settings import Settings
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue
from tests.conftest import make_topic
from tests.deploy.test_watch_health import RING, told
from tests.docs.pages import read
from tests.ingest.sources.bluesky.test_live_bluesky import AT
from tests.support.bluesky import event
from tests.support.commands import end, run_command, start_command
from tests.support.jetstream_server import JetstreamServer
from tests.support.live import wait_for
from tests.support.ports import free_port
from tests.support.posts import stream_line, tweet
from tests.support.promql import Selector, missing, sample, selectors
from tests.support.scraping import reaches, scrape

WATCH = ROOT / "deploy" / "watch"
PAGE = ROOT / "docs" / "operate.md"
RULES = [rule for group in yaml.safe_load((WATCH / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
BOARD = json.loads((WATCH / "grafana" / "pulso-board.json").read_text())
PANELS = [(panel["title"], target["expr"]) for panel in BOARD["panels"] for target in panel.get("targets", ())]
ASKED = [(rule["alert"], rule["expr"]) for rule in RULES] + PANELS


@pytest.fixture(scope="module")
def samples(settings: Settings, session: Session, client: Any) -> set[Selector]:
    """All that a collector, a worker and `watch` tell after some posts, a dead letter and a run of a job."""
    topic, ports = make_topic(settings), [free_port() for _ in range(3)]
    queue = PostsQueue(client, f"test:{uuid.uuid4().hex}")
    queue.ensure_group()
    run = "INSERT INTO {}.job_runs (job, topic, started_at, run_id, status, seconds) VALUES (%s, %s, %s, now(), %s, 1)"
    for minute, status in enumerate(("succeeded", "failed", "running")):
        at = datetime(2026, 11, 27, 12, minute, tzinfo=UTC)
        session.execute(run.format(settings.keyspace), ("candidate_poll", topic.topic, at, status))
    with JetstreamServer() as server:
        ours = {"PULSO_STREAM": queue.stream, "PULSO_BLUESKY_HOSTS": server.address}
        queue.add([Envelope(topic.topic, "x", "x_v2", stream_line(tweet("1")))])
        queue.add([Envelope(topic.topic, "x", "x_v2", b"{")])
        commands: list[tuple[str, ...]] = [
            ("ingest", "work", "--metrics-port"),
            ("ingest", "stream", "--topic", topic.topic, "--source", "bluesky", "--metrics-port"),
            ("deploy", "watch", "--port"),
        ]
        running = [start_command(*words, str(port), **ours) for words, port in zip(commands, ports, strict=True)]
        try:
            wait_for(lambda: bool(server.asked), "a connection", running[1])
            server.add(event({"text": "halalan2016"}, AT))
            stored = 'pulso_worker_messages_total{outcome="stored"}'
            wait_for(reaches(ports[0], stored, 2), "two posts", running[0])
            wait_for(lambda: bool(scrape(ports[2])), "watch", running[2])
            found = {name: value for port in ports for name, value in scrape(port).items()}
        finally:
            for process in running:
                end(process)
            for key in client.scan_iter(match=f"{queue.stream}*", count=1000):
                client.delete(key)
    labels = f'{{job_name="candidate_poll",topic="{topic.topic}"}}'
    assert found[f"pulso_job_finished_seconds{labels}"] == datetime(2026, 11, 27, 12, 0, 1, tzinfo=UTC).timestamp()
    assert found[f"pulso_job_failed{labels}"] == 1
    assert [found[f'pulso_store_up{{store="{store}"}}'] for store in ("cassandra", "redis")] == [1, 1]
    assert found['pulso_cassandra_node_up{node="127.0.0.1"}'] == 1
    return {sample(name) for name in found.keys() | told(RING).keys()}  # with one copy, nothing has to be repaired


@pytest.mark.parametrize(("name", "expression"), ASKED)
def test_each_expression_asks_for_what_is_told(name: str, expression: str, samples: set[Selector]) -> None:
    assert list(selectors(expression))
    assert missing(expression, samples) == []


def test_an_unknown_name_or_label_is_seen(samples: set[Selector]) -> None:
    assert missing("rate(pulso_queue_lenght[5m]) > 1", samples) == ["pulso_queue_lenght"]
    assert missing('max by (topik) (pulso_collection{state="asleep"})', samples) == [
        "pulso_collection{'state': 'asleep'}",
        "topik",
    ]


def test_each_alert_has_its_heading_and_leads_there() -> None:
    headings = re.findall(r"^### (Pulso\w+)$", read(PAGE).prose, re.MULTILINE)
    assert headings == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"]["runbook_url"] == f"docs/operate.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_scraped_are_services_of_compose() -> None:
    asked = yaml.safe_load((WATCH / "prometheus.yml").read_text())["scrape_configs"]
    services = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())["services"]
    names = {name for one in asked for source in one["dns_sd_configs"] for name in source["names"]}
    assert names <= set(services)
    jobs = {value for _, expr in ASKED for one in selectors(expr) for label, value in one.labels if label == "job"}
    assert jobs <= {one["job_name"] for one in asked}


def test_metrics_of_a_host_that_is_not_ours_are_one_line(settings: Settings, session: Session) -> None:
    done = run_command("deploy", "watch", "--host", "192.0.2.1", "--port", str(free_port()))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
