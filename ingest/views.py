"""The output of ingest for people: progress, status and dead letters. Also the speed limit of a replay."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import orjson
import redis
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from conf.plain import one_line
from conf.terminal import ERR, out_console, progress
from ingest.live.collector import Collector
from ingest.live.matching import told_left_out
from ingest.live.state import LiveState
from ingest.queue.dead_letters import DeadLetter
from ingest.queue.posts_queue import PostsQueue
from ingest.replay.captures import Capture
from ingest.status import Live, Status

MOVE_PATIENCE = 2.0
WAIT_PATIENCE, WAIT_TOLD_EVERY = 5.0, 60.0
"""A replay that waits says so after so many seconds, and then once in so many."""
DROPS_ALL = "the topic asks for none of the posts that came so far. Check its collect: part, where `left out` says why"
NO_WORKER = "no worker is running: start one with `.venv/bin/python -m ingest work`"


MOST_NOTES = 5


def few(notes: Sequence[str]) -> list[str]:
    """Returns the first MOST_NOTES notes and, in place of the others, how many they are."""
    left = len(notes) - MOST_NOTES
    return [*notes[:MOST_NOTES], *([f"and {left:,} more files are left out"] if left > 0 else [])]


class Pace:
    """Limits a loop to a number of steps per second; 0 means no limit."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._steps = 0
        self._start = time.monotonic()

    def step(self) -> None:
        """Waits until the next step is due."""
        if self._rate:
            self._steps += 1
            ahead = self._steps / self._rate - (time.monotonic() - self._start)
            if ahead > 0:
                time.sleep(ahead)


class ReplayView:
    """A progress bar over the bytes of a file, with posts a second."""

    def __init__(self, display: Progress, task: TaskID, capture: Capture) -> None:
        self._display, self._task, self._capture = display, task, capture
        self._start = self._shown = time.monotonic()
        self._first: int | None = None
        display.update(task, description=f"replay {escape(capture.shown)}", total=capture.size, completed=0)

    def show(self, queued: int) -> None:
        """Shows how much has been read; at most five times a second."""
        self._first = queued if self._first is None else self._first
        now = time.monotonic()
        if now - self._shown >= 0.2:
            rate = (queued - self._first) / (now - self._start)
            self._display.update(self._task, completed=self._capture.position, note=f"{queued:,} posts, {rate:,.0f}/s")
            self._shown = now


class WorkView:
    """A spinner with posts stored, posts a second, and messages waiting."""

    def __init__(self, display: Progress, queue: PostsQueue) -> None:
        self._display, self._queue = display, queue
        self._start = time.monotonic()
        self._task = display.add_task("work", total=None, note="waiting for posts")

    def show(self, stored: int, who: str = "") -> None:
        """Shows the number of posts stored, after `who`. Does nothing, and doesn't ask Redis, if there is no terminal.

        At a Redis that does not answer, what was shown before stays.
        """
        if not self._display.disable:
            rate = stored / (time.monotonic() - self._start)
            with suppress(redis.RedisError):
                note = f"{who}{stored:,} stored, {rate:,.0f}/s, {self._queue.backlog():,} waiting"
                self._display.update(self._task, note=note)


class WaitView:
    """Says why a replay waits: beside its progress or, if stderr is no terminal, as a line at most once a minute."""

    def __init__(
        self,
        display: Progress,
        task: TaskID,
        is_working: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._display, self._task = display, task
        self._is_working, self._clock = is_working, clock
        self._told = clock() + WAIT_PATIENCE - WAIT_TOLD_EVERY

    def tell(self, why: str) -> None:
        """Shows the reason. A line also says if no worker is running."""
        self._display.update(self._task, note=why)
        if self._display.disable and self._clock() - self._told >= WAIT_TOLD_EVERY:
            self._told = self._clock()
            ERR.print(f"{why}{self._hint()}", highlight=False, soft_wrap=True)

    def _hint(self) -> str:
        with suppress(redis.RedisError):
            return "" if self._is_working() else f"; {NO_WORKER}"
        return ""


class StreamView:
    """A spinner with the state of a live collection, and how many messages came and were queued."""

    def __init__(self, display: Progress, topic: str, source: str) -> None:
        self._display = display
        self._task = display.add_task(f"{topic} from {source}", total=None, note="connecting")
        self._start = self._shown = time.monotonic()
        self._first: tuple[int, int] | None = None

    def show(self, collector: Collector) -> None:
        """Shows the state; at most five times a second."""
        now = time.monotonic()
        if self._display.disable or now - self._shown < 0.2:
            return
        state = collector.state
        self._first = self._first or (state.received, state.accepted)
        received, accepted = state.received - self._first[0], state.accepted - self._first[1]
        rate = received / (now - self._start)
        up = "up" if state.up else f"down: {state.gap.reasons[-1]}" if state.gap else "connecting"
        self._display.update(self._task, note=f"{up}; {received:,} came ({rate:,.0f}/s), {accepted:,} queued")
        self._shown = now


class MoveView:
    """A progress bar over partitions, shown once the work has taken MOVE_PATIENCE seconds."""

    def __init__(self) -> None:
        self._display = progress()
        self._task = self._display.add_task("move", total=None, note="partitions")
        self._start = time.monotonic()
        self._shown = False

    def show(self, what: str, done: int, total: int) -> None:
        """Shows how far the work is. When all is done, hides the bar, so that lines can be printed, and starts anew."""
        self._display.update(self._task, description=what, completed=done, total=total)
        if done == total:
            self.close()
            self._display.reset(self._task)
        elif not self._shown and time.monotonic() - self._start >= MOVE_PATIENCE:
            self._display.start()
            self._shown = True

    def close(self) -> None:
        """Hides the bar."""
        if self._shown:
            self._display.stop()
            self._shown = False


def stream_summary(state: LiveState) -> str:
    """Returns one line with the counts of a live collection since its first start."""
    said = [f"{state.topic} from {state.source}: {state.received:,} received", f"{state.accepted:,} queued"]
    said += [f"{state.refused:,} refused"] if state.refused else []
    said += [f"left out: {told_left_out(state.left_out)}"] if state.left_out else []
    said += [f"{state.shed:,} shed"] if state.shed else []
    said += [f"{state.unarchived:,} not archived"] if state.unarchived else []
    if not state.connects:
        return f"{', '.join(said)}; never connected"
    return ", ".join(said) + f"; {state.gaps:,} gaps, {state.gap_us / 1e6:,.0f} s not collected, since the first start"


def work_summary(done: Counter[str]) -> str:
    """Returns one line with the counts of one worker or several, by OUTCOMES."""
    said = [f"{done['stored']:,} posts stored", f"{done['dead']:,} refused"]
    said += [f"{done['deleted']:,} deletions applied"] if done["deleted"] else []
    said += [f"{done['shown']:,} accounts back"] if done["shown"] else []
    said += [f"{done['taken_back']:,} taken back before"] if done["taken_back"] else []
    said += [f"{done['expired']:,} too old to keep"] if done["expired"] else []
    return ", ".join(said)


def print_status(status: Status, stream: str) -> None:
    """Prints the state as tables."""
    console = out_console()
    workers = len(status.consumers)
    oldest = f", the oldest for {status.oldest_waiting_seconds:.0f} s" if status.oldest_waiting_seconds else ""
    console.print(
        f"{stream}: {status.backlog:,} waiting{oldest}, {status.pending:,} of them with a worker; "
        f"{workers} {'worker' if workers == 1 else 'workers'}; {status.dead_letters:,} dead letters; "
        f"Redis holds {status.redis_memory_bytes / 2**20:,.0f} MiB"
    )
    table = Table("topic", "source", box=None, header_style="bold")
    for name in ("queued", "stored", "dead", "waiting", "stored/s"):
        table.add_column(name, justify="right")
    for flow in status.flows:
        numbers = (flow.queued, flow.stored, flow.dead, flow.waiting)
        table.add_row(flow.topic, flow.source, *(f"{n:,}" for n in numbers), f"{flow.stored_per_second:,.1f}")
    if status.flows:
        console.print(table)
    if status.live:
        console.print(_live_table(status.live))
    for one in status.live:
        if one.drops_all:
            console.print(Text(f"{one.topic} from {one.source}: {DROPS_ALL}", style="yellow"))


def _live_table(live: Sequence[Live]) -> Table:
    table = Table("topic", "live from", "state", "collected through", box=None, header_style="bold")
    for name in ("received", "asked for", "gaps", "not collected", "shed", "MiB on disk"):
        table.add_column(name, justify="right")
    table.add_column("left out")
    table.add_column("gap now")
    for one in live:
        through = f"{one.through:%Y-%m-%d %H:%M:%S}Z" if one.through else ""
        since = f"since {one.gap_since:%Y-%m-%d %H:%M:%S}Z: {one_line(one.gap_reason)}" if one.gap_since else ""
        table.add_row(
            *(one.topic, one.source, one.state, through, f"{one.received:,}", f"{one.asked_for:,}", f"{one.gaps:,}"),
            *(f"{timedelta(seconds=round(one.gap_seconds))}", f"{one.shed:,}", f"{one.spilled_bytes / 2**20:,.1f}"),
            *(told_left_out(one.left_out), Text(since)),
        )
    return table


def print_letters(letters: list[DeadLetter], count: int) -> None:
    """Prints dead letters as a table."""
    console = out_console()
    if not letters:
        console.print("no dead letters")
        return
    table = Table("id", "topic", "from", "reason", "bytes", "begins", box=None, header_style="bold")
    for letter in letters:
        start = letter.payload[:40].decode(errors="replace")
        cells = (letter.id, letter.topic, letter.origin, letter.reason, f"{letter.size:,}", repr(start)[1:-1])
        table.add_row(*(Text(one_line(cell)) for cell in cells))  # as it stands: a stranger's [red] is no colour
    console.print(table)
    if count > len(letters):
        console.print(f"and {count - len(letters):,} more: --limit {count}")


def letter_json(letter: DeadLetter) -> str:
    """Returns a dead letter as one JSON object; bytes that are not UTF-8 are replaced."""
    names = ("id", "topic", "source", "format", "route", "origin", "reason", "size")
    values = {name: getattr(letter, name) for name in names}
    return orjson.dumps({**values, "payload": letter.payload.decode(errors="replace")}).decode()
