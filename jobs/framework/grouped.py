"""The input `Grouped`: the accounts in groups that act together, of one run of the job coordination."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import structlog

from conf.errors import PulsoError
from conf.schema import Table
from conf.tables import COORDINATION_ACCOUNTS, COORDINATION_SUMMARY
from jobs.framework.inputs import Place, Read
from jobs.framework.published import TRIES, NotEnded, Published
from stores.published import Period, utc

log = structlog.get_logger("job")


@dataclass(frozen=True)
class Grouped:
    """The accounts, in `author`, of all groups of any kind: of the newest run whose window contains this job's window.

    It is left out if there is no such run, or if that has not ended. A run without groups gives no rows, and nothing is
    read: the summaries tell. An account that is in several groups has several rows. `ends_with_window` is as in
    `Published`.
    """

    summaries: ClassVar[Published] = Published(COORDINATION_SUMMARY, (), optional=True)
    accounts: ClassVar[Published] = Published(COORDINATION_ACCOUNTS, ("author",), optional=True)
    table: Table = COORDINATION_ACCOUNTS
    required: bool = False
    ends_with_window: bool = False

    def read(self, at: Place) -> Read | None:
        """Reads the accounts of the run that the summaries name.

        Its rows are not removed while they name it; so the summaries are read again after the rows. Raises PulsoError
        if later runs replaced them during each of TRIES reads.
        """
        try:
            return self._read(at)
        except NotEnded as error:
            log.warning(f"{error.what}; the poll is without groups", fix=error.fix)
            return None

    def _read(self, at: Place) -> Read | None:
        summaries = replace(self.summaries, ends_with_window=self.ends_with_window)
        for _ in range(TRIES):
            told = summaries.newest(at)
            if not told:
                return None
            read = self._accounts(at, told)
            now = summaries.newest(at) if read.stored else told
            if now and now[0].run_id == told[0].run_id:
                return read
            if read.stored:
                read.stored.unpersist()
        what = f"{self.table.name} was replaced again and again while it was being read"
        raise PulsoError(what, "Try again later")

    def _accounts(self, at: Place, told: list[Any]) -> Read:
        run_id = told[0].run_id
        periods = [
            Period(row.kind, row.period, utc(row.period_start), utc(row.period_end)) for row in told if row.groups
        ]
        nobody = Read(at.spark.sql("SELECT '' AS author WHERE false"), None, run_id=run_id)
        read = replace(nobody, method=self.accounts.method(at, run_id))
        if not periods:
            return read
        rows = self.accounts.rows_of(at, periods, run_id)
        rows.count()  # stores them, before the summaries are read again
        return replace(read, frame=rows, stored=rows)
