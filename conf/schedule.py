"""The settings of the schedules, from `conf/schedule.yaml`. Airflow's processes read them, so this imports little."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from conf.errors import WrongUse
from conf.part import Part
from conf.yaml_part import parse_yaml, yaml_text

JOBS = (
    "author_activity",
    "coordination",
    "candidate_poll",
    "hashtag_trends",
    "candidate_hashtags",
    "cascades",
    "conversations",
    "text_families",
    "network_graph",
    "shared_items",
)
"""The jobs that a schedule may run, in the order of `jobs/daily.py`. poll_backtest runs by `votes` alone."""


def _in_order(jobs: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := [job for job in jobs if job not in JOBS]:
        raise ValueError(f"no job {unknown[0]!r}; jobs: {', '.join(JOBS)}")
    return tuple(job for job in JOBS if job in jobs)


class Hourly(Part):
    """What `pulso_hourly` runs. `look_back_hours` are counted again before the hour of the run."""

    jobs: tuple[str, ...] = Field(("candidate_poll", "hashtag_trends", "shared_items"), min_length=1)
    look_back_hours: int = Field(2, ge=0, le=168)
    timeout_minutes: int = Field(55, ge=1)

    _known = field_validator("jobs")(_in_order)


class Daily(Part):
    """What `pulso_daily` runs, and what follows when all went well."""

    jobs: tuple[str, ...] = Field(JOBS, min_length=1)
    timeout_minutes: int = Field(360, ge=1)
    names: bool = False
    publish: bool = True
    exports: str | None = ".pulso/exports"

    _known = field_validator("jobs")(_in_order)


class Coverage(Part):
    """How long a run waits for live collection, in minutes, and below which part, 0..1, it warns."""

    wait_minutes: int = Field(30, ge=0, le=1440)
    least: float = Field(0.99, ge=0, le=1)


class Schedule(Part):
    """All settings of the schedules; conf/schedule.yaml says what each does."""

    tasks: Literal["set", "jobs"] = "set"
    submit_conf: dict[str, str] = Field(default_factory=dict)
    runs_at_once: int = Field(1, ge=1, le=64)
    catch_up_from: datetime | None = None
    retries: int = Field(3, ge=0, le=100)
    retry_minutes: float = Field(2, gt=0, le=1440)
    pool: str = Field("pulso_spark", min_length=1)
    pool_slots: int = Field(1, ge=1, le=1000)
    hourly: Hourly = Hourly()
    daily: Daily = Daily()
    coverage: Coverage = Coverage()
    votes: dict[str, date] = Field(default_factory=dict)
    mail_to: tuple[str, ...] = ()
    deadline_minutes: int | None = Field(None, ge=1)
    compliance: str | None = ".pulso/compliance"
    keep_days: int | None = Field(90, ge=1)

    @field_validator("catch_up_from")
    @classmethod
    def _utc_if_not_said(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def load_schedule(path: Path) -> Schedule:
    """Returns the schedules' settings. Raises WrongUse, with the file, the line, the key and the fix, for a mistake."""
    if not path.is_file():
        raise WrongUse(f"no file {path}", "Set PULSO_SCHEDULE to one, or leave it out for conf/schedule.yaml")
    return parse_yaml(Schedule, yaml_text(path), str(path), _PARTS, "schedule")


_PARTS = (Schedule, Hourly, Daily, Coverage)
