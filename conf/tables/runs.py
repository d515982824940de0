"""What is known of runs: when and how each went, its checks, and which run of a bulk table is read."""

from conf.schema import Column, Table
from conf.tables.columns import PERIOD_COLUMNS, PERIOD_KEY, TOPIC, key

DATA_QUALITY = Table(
    name="data_quality",
    doc="Each expectation checked by each run, those of a run that then failed included.",
    partition=("job", "topic"),
    clustering=("run_id", "expectation"),
    descending=("run_id",),
    columns={
        "job": key("text", "job name"),
        **TOPIC,
        "run_id": key("timeuuid", "the run"),
        "expectation": key("text", "what was expected, of which column"),
        "target": key("text", "table or input"),
        "success": key("boolean", "whether it held"),
        "observed": Column("text", "what was found"),
        "severity": key("text", "error or warning"),
        "checked_at": key("timestamp", "UTC"),
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
        "started_at": key("timestamp", "UTC; later than every earlier run's, whatever the clocks said"),
        "run_id": key("timeuuid", "the run"),
        "status": key("text", "running, succeeded, superseded (a later run replaced its result) or failed"),
        "window_start": key("timestamp", "UTC, included"),
        "window_end": key("timestamp", "UTC, excluded"),
        "rows_read": Column("bigint", "posts in the window"),
        "rows_written": Column("bigint", "summary rows published"),
        "seconds": Column("double", "from start to end"),
        "method": Column("text", "digest of all that shapes the result; of each race, where the job counts by race"),
        "inputs": Column(
            "frozen<map<text, timeuuid>>", "each published table that was read, and the run that was read"
        ),
        "version": Column("text", "the project's version"),
        "error": Column("text", "one line, when it failed"),
    },
)

RUN_ORDER = Table(
    name="run_order",
    doc="The place in the order of runs that a job's newest run has taken. Written by conditional writes alone.",
    partition=("job", "topic"),
    clustering=(),
    columns={
        "job": key("text", "job name"),
        **TOPIC,
        "newest": key("timestamp", "UTC; the newest run's started_at, computed_at and write time"),
    },
)

PUBLISHED = Table(
    name="published",
    doc="Which run of a bulk table readers see, period by period. Written by conditional writes alone.",
    partition=("topic", "table_name"),
    clustering=("part", *PERIOD_KEY),
    columns={
        **PERIOD_COLUMNS,
        "table_name": key("text", "a bulk table"),
        "part": key("text", "the graph; empty for a table without parts"),
        "run_id": Column("timeuuid", "the run whose rows are read; null where no run has been published yet"),
        "published_at": key(
            "timestamp", "that run's place in the order of runs, or a later run's that will never come"
        ),
    },
)

UNSWEPT = Table(
    name="unswept_runs",
    doc="Runs that may have rows in a bulk table which `published` does not name. Swept by the job's next run.",
    partition=("topic", "table_name"),
    clustering=("run_id", "window_start", "window_end"),
    columns={
        **TOPIC,
        "table_name": key("text", "a bulk table"),
        "run_id": key("timeuuid", "the run"),
        "window_start": key("timestamp", "UTC, included; where the rows may be"),
        "window_end": key("timestamp", "UTC, excluded"),
        "place": key("timestamp", "the run's place in the order of runs"),
        "process": Column("text", "host, process id and its start; null for a run that was published before"),
        "alive": Column("boolean", "true while the run goes on; it expires by itself when the run no longer says so"),
    },
)
