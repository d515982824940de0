"""The jobs of a set, two at once: while Python and Spark's driver plan one, a core computes the other.

A job begins when those of the set whose results it reads have ended. A job that needs the result of one that failed is
not run. The first job runs alone, since it reads the posts for all; how many they are decides about the rest.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field

from conf.errors import PulsoError
from jobs.framework.job import Job, JobResult

AT_ONCE = 2
"""How many jobs run at once."""
MOST_POSTS = 250_000
"""With more posts in the window, one job fills two cores by itself."""
MOST_HELD = 1_000_000
"""With more posts read for all jobs, those before the window included, two jobs would need the memory of two."""
_LOOK_SECONDS = 0.5

Outcome = JobResult | Exception
"""What a job ends with: its result, or its error."""


def run_all(
    jobs: Sequence[Job],
    run: Callable[[Job], JobResult],
    tell: Callable[[Job, Outcome], None],
    cancel: Callable[[], object],
) -> list[Job]:
    """Runs jobs, which are listed after those that they read; returns the ones that failed or were not run.

    `tell` is called on this thread, in the order of the list. When the user stops this, or a job, no other job begins:
    `cancel` is called until those that run have ended, and the exception is raised again.
    """
    lanes = _Lanes(list(jobs), run)
    with ThreadPoolExecutor(AT_ONCE, "job") as pool:
        try:
            told = 0
            while told < len(jobs):
                lanes.fill(pool)
                lanes.wait()
                while told < len(jobs) and jobs[told].name in lanes.ended:
                    tell(jobs[told], lanes.ended[jobs[told].name])
                    told += 1
        except BaseException:
            lanes.stop(cancel)
            raise
    return [job for job in jobs if isinstance(lanes.ended[job.name], Exception)]


@dataclass
class _Lanes:
    """Jobs that wait, run, and have ended."""

    waiting: list[Job]
    run: Callable[[Job], JobResult]
    ended: dict[str, Outcome] = field(default_factory=dict)
    _going: dict[Future[JobResult], Job] = field(default_factory=dict)

    def fill(self, pool: ThreadPoolExecutor) -> None:
        """Begins the jobs that may begin, in their order; those that lack a result that they need end with an error."""
        before = {job.name for job in self._going.values()}
        for job in list(self.waiting):
            needed = [given for given in job.inputs if given.table.job]
            failed = [given for given in needed if isinstance(self.ended.get(given.table.job), Exception)]
            if lacks := next((given.table.job for given in failed if given.required), ""):
                self.waiting.remove(job)
                self.ended[job.name] = PulsoError(f"not run, since it needs {lacks}, which failed")
                return self.fill(pool)
            if len(self._going) < self._at_once() and not any(given.table.job in before for given in needed):
                self.waiting.remove(job)
                self._going[pool.submit(self.run, job)] = job
            before.add(job.name)
        return None

    def wait(self) -> None:
        """Waits until a job ends. Raises KeyboardInterrupt if its user has stopped it."""
        done, _ = wait(self._going, return_when=FIRST_COMPLETED)
        for future in done:
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            self.ended[self._going.pop(future).name] = error or future.result()

    def stop(self, cancel: Callable[[], object]) -> None:
        """Cancels the jobs that run, and waits until they have ended."""
        self.waiting.clear()
        left = set(self._going)
        while left:
            with suppress(Exception):  # of a Ctrl-C, Java hears first, and is gone
                cancel()
            left = wait(left, timeout=_LOOK_SECONDS).not_done

    def _at_once(self) -> int:
        done = [outcome for outcome in self.ended.values() if isinstance(outcome, JobResult)]
        few = done and max(one.rows_read for one in done) <= MOST_POSTS
        return AT_ONCE if few and max(one.posts_held for one in done) <= MOST_HELD else 1
