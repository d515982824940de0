"""The records of runs: when each ran and how it ended, its checks, and which run of a bulk table readers see."""

from conf.schema import Column, Table
from conf.tables.columns import PERIOD_COLUMNS, PERIOD_KEY, TOPIC, key

DATA_QUALITY = Table(
    name="data_quality",
    doc="Each check of each run, also of runs that failed.",
    partition=("job", "topic"),
    clustering=("run_id", "expectation"),
    descending=("run_id",),
    columns={
        "job": key("text", "job name"),
        **TOPIC,
        "run_id": key("timeuuid", "the run"),
        "expectation": key("text", "name of the table, and the check in words"),
        "target": key("text", "the table that was checked: an input of the run, or a result"),
        "success": key("boolean", "whether the expectation was met"),
        "observed": Column("text", "what was found instead; empty if the expectation was met"),
        "severity": key("text", "error (nothing is published) or warning"),
        "checked_at": key("timestamp", "when the result was recorded, UTC"),
    },
)

JOB_RUNS = Table(
    name="job_runs",
    doc="Each run of each job, newest first.",
    partition=("job", "topic"),
    clustering=("started_at",),
    descending=("started_at",),
    columns={
        "job": key("text", "job name"),
        **TOPIC,
        "started_at": key("timestamp", "start of the run, UTC; always later than the start of every earlier run"),
        "run_id": key("timeuuid", "the run"),
        "status": key("text", "running, succeeded, superseded (a later run replaced its result) or failed"),
        "window_start": key("timestamp", "start of the job's window, UTC, included"),
        "window_end": key("timestamp", "end of the job's window, UTC, excluded"),
        "rows_read": Column("bigint", "posts in the window"),
        "rows_written": Column("bigint", "rows published"),
        "seconds": Column("double", "duration of the run, seconds"),
        "method": Column("text", "digest of what the result depends on; one for each race if the job counts by race"),
        "buckets": Column("int", "the topic's buckets in this run, by which the rows of bulk tables are partitioned"),
        "inputs": Column(
            "frozen<map<text, timeuuid>>",
            "for each published table that was read, the id of the run whose rows were read",
        ),
        "version": Column("text", "the project's version"),
        "error": Column("text", "the error, in one line, if the run failed"),
    },
)

RUN_ORDER = Table(
    name="run_order",
    doc="The place of a job's newest run in the order of its runs. Changed by conditional writes only.",
    partition=("job", "topic"),
    clustering=(),
    columns={
        "job": key("text", "job name"),
        **TOPIC,
        "newest": key("timestamp", "place of the newest run: a time, UTC, equal to its started_at and computed_at"),
    },
)

PUBLISHED = Table(
    name="published",
    doc="Which run of a bulk table readers see, for each period. Changed by conditional writes only.",
    partition=("topic", "table_name"),
    clustering=("part", *PERIOD_KEY),
    columns={
        **PERIOD_COLUMNS,
        "table_name": key("text", "name of a bulk table, or job_runs:JOB"),
        "part": key("text", "the graph; empty for a table without parts"),
        "run_id": Column("timeuuid", "the run that readers see; null if none has been published yet"),
        "published_at": key(
            "timestamp",
            "place of that run in the order of runs, or of a later run that died and must not be published",
        ),
    },
)

UNSWEPT = Table(
    name="unswept_runs",
    doc=(
        "Runs that may have left rows in a bulk table; readers do not see these rows. The job's next run removes them. "
        "And, under job_runs:JOB, the job's runs that are going on; the next run finds there which of them were killed."
    ),
    partition=("topic", "table_name"),
    clustering=("run_id", "window_start", "window_end"),
    columns={
        **TOPIC,
        "table_name": key("text", "name of a bulk table, or job_runs:JOB"),
        "run_id": key("timeuuid", "the run"),
        "window_start": key("timestamp", "start of the window in which the rows may be, UTC, included"),
        "window_end": key("timestamp", "end of that window, UTC, excluded"),
        "place": key("timestamp", "place in the order of runs; for a run being replaced, the place of the new run"),
        "process": Column(
            "text", "the run's host, process id and process start; null for a published run that is being replaced"
        ),
        "alive": Column("boolean", "true while the run is alive; expires (TTL) if the run does not renew it"),
    },
)


def run_list(job: str) -> str:
    """Returns the name under which UNSWEPT has the runs of a job that go on."""
    return f"{JOB_RUNS.name}:{job}"
