"""Metrics of the jobs' runs, for Prometheus: when each job last ended well, and whether its last run failed."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from cassandra.cluster import Session
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as Family

from conf.schema import bound
from conf.tables import JOB_RUNS
from stores.prepare import prepared
from stores.refused import FAILURES

LOOKED_AT = 50
"""The newest runs of a job in which a good one is looked for."""


class Figures(Family):
    """Reads `job_runs` each time that it is asked: a few rows for each job and topic."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session, self._table = session, f"{keyspace}.{JOB_RUNS.name}"

    def describe(self) -> list[Metric]:
        """Nothing: while it is registered, nothing is read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families, as they are now; without samples while Cassandra does not answer, which its health tells."""
        labels = ("topic", "job_name")
        told = "When a run last ended well, Unix time."
        finished = GaugeMetricFamily("pulso_job_finished_seconds", told, labels=labels)
        failed = GaugeMetricFamily("pulso_job_failed", "1 if the last run that has ended failed.", labels=labels)
        key_of = bound(JOB_RUNS.partition)
        query = f"SELECT status, started_at, seconds FROM {self._table} WHERE {key_of} LIMIT {LOOKED_AT}"
        for key, runs in self._runs(query):
            ended = [run for run in runs if run.status != "running"]
            good = next((run for run in ended if run.status == "succeeded"), None)
            if good:
                # The driver's times have no zone, and are UTC.
                seconds = good.started_at.replace(tzinfo=UTC).timestamp() + (good.seconds or 0.0)
                finished.add_metric((key.topic, key.job), seconds)
            if ended:
                failed.add_metric((key.topic, key.job), int(ended[0].status == "failed"))
        yield finished
        yield failed

    def _runs(self, query: str) -> list[tuple[Any, list[Any]]]:
        try:
            keys = list(self._session.execute(f"SELECT DISTINCT job, topic FROM {self._table}"))
            asked = prepared(self._session, query) if keys else None
            return [(key, list(self._session.execute(asked, (key.job, key.topic)))) for key in keys]
        except FAILURES:
            return []
