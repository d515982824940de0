"""The supervisor of several workers: starts them, starts again those that die, and ends them all together.

The members share the queue as workers on several machines do, so the supervisor hands out nothing, and its own death
loses nothing: each member then finishes its batch and ends (`line.py`).
"""

import selectors
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from conf.errors import PulsoError
from ingest.crew.place import Place

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until a member that died is started again: they double from the first to the longest."""
LONG_LIFE = 60.0
"""A member that has lived for so many seconds has not failed at its start: the pauses begin anew."""
MOST_DEATHS = 6
"""After so many deaths in a row a place stays empty: its member can't work on this machine."""
LOOK_EVERY = 1.0

log = structlog.get_logger("crew")


class Crew:
    """Members, one for each command. `stop` may be called from a signal handler.

    `on_change` is called after each report and each end of a member.
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        on_change: Callable[["Crew"], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.places = [Place(number, command) for number, command in enumerate(commands, 1)]
        self._on_change, self._clock = on_change, clock
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._failure: PulsoError | None = None

    @property
    def done(self) -> Counter[str]:
        """The messages that members have acked, by OUTCOMES. What a killed one did since its last report is missing."""
        return sum((place.done for place in self.places), Counter[str]())

    @property
    def working(self) -> int:
        """The number of members that run now."""
        return sum(place.process is not None for place in self.places)

    @property
    def drained(self) -> bool:
        """Whether a member has found the queue empty, with every message acked."""
        return any(place.report.drained for place in self.places)

    def stop(self) -> None:
        """Asks all members to finish their batches, and starts none any more."""
        self._stopping = True
        for place in self.places:
            place.due = None
            self._end(place)

    def run(self, drain: bool = False) -> None:
        """Works until all members have ended: when asked to stop or, with `drain`, when the queue is empty.

        Raises the error that a member has told of and that no waiting mends; and PulsoError where members died so often
        that they were not started again.
        """
        try:
            for place in self.places:
                self._start(place)
            while any(place.is_open for place in self.places):
                self._look(drain)
        finally:
            self.stop()
            self._wait()
            self._selector.close()
        if self._failure:
            raise self._failure
        if not (drain and self.drained):
            self._tell_given_up()

    def _look(self, drain: bool) -> None:
        """Waits for reports and ends, and starts what is due."""
        dues = [place.due - self._clock() for place in self.places if place.due is not None]
        for key, _ in self._selector.select(max(0.0, min([LOOK_EVERY, *dues]))):
            place: Place = key.data
            if place.hear():
                self._selector.unregister(key.fileobj)
                self._ended(place, place.close(), drain)
            self._on_change(self)
        for place in self.places:
            if place.due is not None and place.due <= self._clock():
                self._start(place)

    def _start(self, place: Place) -> None:
        if self._stopping:
            place.due = None  # it may have been set while the signal came
            return
        try:
            place.start(self._clock())
        except OSError as error:
            log.warning("a worker can't be started", process=place.number, error=str(error))
            self._again(place)
            return
        self._selector.register(place.output, selectors.EVENT_READ, place)
        if self._stopping:  # the signal came meanwhile
            self._end(place)

    def _ended(self, place: Place, code: int, drain: bool) -> None:
        """A member has ended: as it was asked, for an error that concerns all, or by its death alone."""
        report = place.report
        if self._stopping or (drain and report.drained):
            return
        if report.what and not report.passing:
            self._failure = PulsoError(report.what, report.fix)
            self._failure.exit_code = report.exit_code
            self.stop()
            return
        told = {"process": place.number, "error": report.what} if report.what else {"process": place.number}
        log.warning("a worker has ended", **told, code=code)
        self._again(place, died=not report.what)

    def _again(self, place: Place, *, died: bool = True) -> None:
        """Sets when a place gets its next member, unless its members have died too often."""
        if self._clock() - place.began >= LONG_LIFE:
            place.failures = place.deaths = 0
        pause = min(FIRST_PAUSE * 2 ** min(place.failures, 10), LONGEST_PAUSE)
        place.failures += 1
        place.deaths += died
        if place.deaths >= MOST_DEATHS:
            place.is_given_up = True
            log.error("a worker is not started again", process=place.number, deaths=place.deaths)
            return
        place.due = self._clock() + pause

    def _end(self, place: Place) -> None:
        process = place.process
        if process:
            process.send_signal(signal.SIGTERM)

    def _wait(self) -> None:
        """Waits until no member is left: each finishes its batch."""
        while self.working:
            self._look(drain=False)

    def _tell_given_up(self) -> None:
        gone = sum(place.is_given_up for place in self.places)
        if gone:
            what = f"{gone} of {len(self.places)} workers died {MOST_DEATHS} times in a row and were not started again"
            fix = "Nothing is lost; the log above says how they ended. Run one alone, with `work -v`, to see why"
            raise PulsoError(what, fix)
