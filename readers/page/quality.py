"""Quality and coverage: what was collected and when not, the checks of the last runs, the runs, and the backtest."""

from typing import Any

from cassandra.cluster import Session

from conf.schema import bound
from conf.tables import DATA_QUALITY, POLL_BACKTEST
from conf.topic import Topic
from readers.frames import read_frame
from readers.page.address import View
from readers.page.polls import COLUMNS, MEASURES
from readers.page.source import Source
from readers.page.texts import at, count, counted, covered, duration, shown, span, title_of
from readers.runs.runs import jobs_of, read_runs, shortened, silent_runs
from stores.coverage import Record, coverage, read_records
from stores.prepare import prepared
from stores.published import utc

OWN: tuple[str, ...] = ()
RUNS, GAPS = 20, 50
SPANS = {"last_day": "last day", "last_week": "last 7 days", "last_month": "last 30 days"}
"""The spans of the backtest, which end where the vote starts, in words."""


def context(source: Source, view: View) -> dict[str, Any]:
    """Returns what the template shows. Raises StoreDown."""
    topic = view.topic
    with source.session() as session:
        records = read_records(session, source.keyspace, topic.topic)
        rows = read_runs(session, source.keyspace, topic, None, RUNS)
        silent = silent_runs(session, source.keyspace, topic, rows)
        checks = _checks(session, source.keyspace, topic)
        backtests = _backtests(session, source.keyspace, topic)
    short = shortened([*(row.run_id for row in rows), *(check["run"] for check in checks)])
    return {
        "sources": [_source(name, record, topic) for name, record in sorted(records.items())],
        **gaps_told(records, topic),
        "runs": [_run(row, topic, row.run_id in silent) | {"id": short[str(row.run_id)]} for row in rows],
        "older": len(rows) == RUNS,
        "superseded": any(row.status == "superseded" for row in rows),
        "checks": [check | {"run": short[check["run"]]} for check in checks],
        "verdict": _verdict(checks),
        "backtests": backtests,
    }


def _source(name: str, record: Record, topic: Topic) -> dict[str, str]:
    began = record.began or min((gap.start for gap in record.gaps), default=record.through)
    part = coverage({name: record}, began, record.through) if began < record.through else None
    return {
        "name": name,
        "began": at(record.began, topic),
        "through": at(record.through, topic),
        "coverage": covered(part),
        "gaps": count(len(record.gaps)),
    }


def gaps_told(records: dict[str, Record], topic: Topic) -> dict[str, Any]:
    """Returns the last gaps of live collection, the newest first, and how many older ones there are."""
    found = [(gap, name) for name, record in records.items() for gap in record.gaps]
    found.sort(key=lambda pair: pair[0].start, reverse=True)
    rows = [
        {
            "source": name,
            "span": span(gap.start, gap.end, topic) if gap.end else f"since {at(gap.start, topic)}",
            "length": duration((gap.end - gap.start).total_seconds()) if gap.end else "open",
            "reason": shown(gap.reason),
            "lost": count(gap.lost),
        }
        for gap, name in found[:GAPS]
    ]
    return {"gaps": rows, "more_gaps": max(0, len(found) - GAPS)}


def _run(row: Any, topic: Topic, silent: bool) -> dict[str, str]:
    return {
        "job": row.job,
        "status": "no sign of life" if silent else row.status,
        "started": at(row.started_at, topic),
        "window": span(utc(row.window_start), utc(row.window_end), topic),
        "read": count(row.rows_read),
        "written": count(row.rows_written),
        "seconds": duration(row.seconds),
        "error": shown(row.error or "", 300),
    }


def _checks(session: Session, keyspace: str, topic: Topic) -> list[dict[str, Any]]:
    """Returns the checks of each job's last run: how many passed, and what those found that did not."""
    newest = prepared(session, f"SELECT run_id FROM {keyspace}.{DATA_QUALITY.name} WHERE job = ? AND topic = ? LIMIT 1")
    of_run = prepared(
        session, f"SELECT * FROM {keyspace}.{DATA_QUALITY.name} WHERE {bound((*DATA_QUALITY.partition, 'run_id'))}"
    )
    found = []
    for job in jobs_of(session, keyspace, topic):
        if not (last := session.execute(newest, (job, topic.topic)).one()):
            continue
        rows = list(session.execute(of_run, (job, topic.topic, last.run_id)))
        failed = [row for row in rows if not row.success]
        found.append(
            {
                "job": job,
                "run": str(last.run_id),
                "at": at(max(row.checked_at for row in rows), topic),
                "passed": count(len(rows) - len(failed)),
                "all": count(len(rows)),
                "failed": [
                    {"what": shown(row.expectation), "found": shown(row.observed or ""), "severity": row.severity}
                    for row in failed
                ],
            }
        )
    return found


def _verdict(checks: list[dict[str, Any]]) -> str:
    """Returns in one sentence what the checks of the last runs say."""
    failing = [row["job"] for row in checks if row["failed"]]
    if failing:
        return f"Not all checks passed in the last {'run' if len(failing) == 1 else 'runs'} of {', '.join(failing)}."
    return f"All checks passed in the last run of each of {counted(len(checks), 'job')}."


def _backtests(session: Session, keyspace: str, topic: Topic) -> list[dict[str, Any]]:
    """Returns the backtest of each race that has one, the smallest error first."""
    cql = f"SELECT * FROM {keyspace}.{POLL_BACKTEST.name} WHERE {bound(POLL_BACKTEST.partition)}"
    found = [(race, read_frame(session, cql, (topic.topic, race.id))) for race in topic.races]
    return [
        {
            "title": title_of(race),
            "n": counted(len(race.outcome), "candidate"),
            "rows": [_tested(row, topic) for row in rows.sort_values("mae").to_dict("records")],
        }
        for race, rows in found
        if not rows.empty
    ]


def _tested(row: dict[Any, Any], topic: Topic) -> dict[str, str]:
    return {
        "measure": _measure(str(row["measure"])),
        "mae": f"{row['mae'] * 100:.1f}",
        "uniform": f"{row['mae_uniform'] * 100:.1f}",
        "span": span(row["window_start"], row["window_end"], topic),
    }


def _measure(name: str) -> str:
    """Returns a measure of the backtest in words: `share_authors:last_day`, or `poll:NAME` for an opinion poll."""
    kind, _, of = name.partition(":")
    if kind == "poll":
        return f"Opinion poll: {shown(of)}"
    words = {COLUMNS[show]: told for show, told in MEASURES.items()}
    return f"{words.get(kind, kind)}, {SPANS.get(of, of)}"
