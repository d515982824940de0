"""The records of runs: when each ran and how it ended, its checks, and which run of a bulk table readers see."""

from conf.schema import Column, Table
from conf.tables.columns import PERIOD_COLUMNS, PERIOD_KEY, TOPIC, key

DATA_QUALITY = Table(
    name="data_quality",
    doc="Each expectation that each run checked, also of runs that failed.",
    partition=("job", "topic"),
    clustering=("run_id", "expectation"),
    descending=("run_id",),
    columns={
        "job": key("text", "job name"),
        **TOPIC,
        "run_id": key("timeuuid", "the run"),
        "expectation": key("text", "the table, and what was expected of it"),
        "target": key("text", "the table that was checked: one that was read, or one to be published"),
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
        "started_at": key("timestamp", "when the run began, UTC; always later than that of every earlier run"),
        "run_id": key("timeuuid", "the run"),
        "status": key("text", "running, succeeded, superseded (a later run replaced its result) or failed"),
        "window_start": key("timestamp", "start of the job's window, UTC, included"),
        "window_end": key("timestamp", "end of the job's window, UTC, excluded"),
        "rows_read": Column("bigint", "posts in the window"),
        "rows_written": Column("bigint", "rows published"),
        "seconds": Column("double", "duration of the run, seconds"),
        "method": Column(
            "text", "digest of all that shapes the result; where the job counts by race, one for each race"
        ),
        "inputs": Column(
            "frozen<map<text, timeuuid>>",
            "published tables that were read, and for each the id of the run that was read",
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
        "newest": key("timestamp", "the newest run's place: its started_at, computed_at and write time, UTC"),
    },
)

PUBLISHED = Table(
    name="published",
    doc="Which run of a bulk table readers see, for each period. Changed by conditional writes only.",
    partition=("topic", "table_name"),
    clustering=("part", *PERIOD_KEY),
    columns={
        **PERIOD_COLUMNS,
        "table_name": key("text", "name of a bulk table"),
        "part": key("text", "the graph; empty for a table without parts"),
        "run_id": Column("timeuuid", "the run that readers see; null if none has been published yet"),
        "published_at": key(
            "timestamp",
            "place of that run in the order of runs, or of a later run that died and can't be published any more",
        ),
    },
)

UNSWEPT = Table(
    name="unswept_runs",
    doc="Runs that may have rows in a bulk table which readers do not see. The job's next run removes these rows.",
    partition=("topic", "table_name"),
    clustering=("run_id", "window_start", "window_end"),
    columns={
        **TOPIC,
        "table_name": key("text", "name of a bulk table"),
        "run_id": key("timeuuid", "the run"),
        "window_start": key("timestamp", "start of the window in which the rows may be, UTC, included"),
        "window_end": key("timestamp", "end of that window, UTC, excluded"),
        "place": key("timestamp", "place in the order of runs: the run's own, or that of the run that replaces it"),
        "process": Column(
            "text", "the run's host, process id and process start; null for a published run that is being replaced"
        ),
        "alive": Column("boolean", "true while the run goes on; expires by itself when the run no longer renews it"),
    },
)
