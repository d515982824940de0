"""The web page over a month: how long each page takes, warm, cold and for 16 readers at a time; and its memory."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from statistics import quantiles

import httpx
import psutil

from bench.commands import log_of, python, run, running
from bench.jobs.submits import submit_command
from bench.lab import Lab
from bench.month import MONTH, TOPIC
from bench.results import Section
from bench.stored_month import stored_month
from conf import ROOT
from conf.errors import PulsoError
from readers.page.app import PAGES

TITLE = "the web page over one month"
HEADER = ("page", "cold p95, ms", "warm p95, ms", "16 readers, p95, ms", "kB, compressed")
WARM, COLD, AT_ONCE = 100, 300, 500
"""The targets, in milliseconds."""
MEMORY = 150
"""The target, in MB."""
READERS, EACH = 16, 10
TIMES = 20
_SET = ROOT / "jobs" / "daily.py"
_ADDRESS = re.compile(r"http://\S+/")


@dataclass(frozen=True)
class Measured:
    """One page: the 95th percentiles in milliseconds, and its size."""

    name: str
    cold: float
    warm: float
    at_once: float
    size: int

    def cells(self) -> tuple[str, ...]:
        """Returns the row as texts, in the order of HEADER."""
        figures = (self.cold, self.warm, self.at_once)
        return (self.name, *(f"{figure:,.0f}" for figure in figures), f"{self.size / 1000:,.1f}")


def benchmark(lab: Lab) -> Section:
    """Stores the month, runs all jobs of a day over it, and asks for each page. Raises PulsoError for a failed page."""
    own, _ = stored_month(lab)
    lab.show("page: the jobs over the month")
    run(own, [*submit_command(own, _SET, MONTH), "--jobs", _JOBS])
    with _page(own) as (address, process), reader() as client:
        ask(client, f"{address}/night")  # opens the session; its time is not a page's
        rows = [_measured(lab, client, address, name) for name in PAGES]
        memory = max(one.memory_info().rss for one in (process, *process.children())) / 1e6
    return Section(TITLE, rows, _told(lab, rows, memory), HEADER)


_JOBS = (
    "author_activity,candidate_poll,hashtag_trends,network_graph,cascades,text_families,shared_items,conversations,"
    "coordination"
)


@contextmanager
def _page(own: Lab) -> Iterator[tuple[str, psutil.Process]]:
    command = python("readers", "serve", "--port", "0")
    log = log_of(own, command)

    def address() -> str:
        found = _ADDRESS.search(log.read_text()) if log.is_file() else None
        return found[0].rstrip("/") if found else ""

    log.unlink(missing_ok=True)
    with running(own, command, lambda: bool(address())) as process:
        yield f"{address()}/{TOPIC}", process


def _measured(lab: Lab, client: httpx.Client, address: str, name: str) -> Measured:
    lab.show(f"page: {name}")
    path = "search?q=duterte" if name == "search" else name
    # A window that no reader has asked for yet is rendered anew. The parts of the address that differ change nothing.
    themes = [f"{path}{'&' if '?' in path else '?'}{more}" for more in _unseen(name)]
    cold = [ask(client, f"{address}/{each}")[0] for each in themes[: TIMES // 2]]
    warm = [ask(client, f"{address}/{path}")[0] for _ in range(TIMES + 1)][1:]
    size = ask(client, f"{address}/{path}")[1]
    return Measured(name, p95(cold), p95(warm), p95(asyncio.run(_at_once(f"{address}/{path}"))), size)


def _unseen(name: str) -> list[str]:
    """Returns parts of an address, each of which makes a page that has not been rendered."""
    themes, shows = ("light", "dark", "auto"), ("authors", "posts", "people")
    found = [f"by={by}&show={show}&theme={theme}" for by in ("day", "hour") for show in shows for theme in themes]
    return found if name != "method" else [f"race=vice-president&{each}" for each in found]


def reader() -> httpx.Client:
    """Returns what reads pages as a browser does, with a connection that it keeps.

    To make one takes tens of milliseconds: it reads all authorities that it would trust. A page takes less.
    """
    return httpx.Client(timeout=60)


def ask(client: httpx.Client, address: str) -> tuple[float, int]:
    """Returns the milliseconds until a page was there, and its bytes on the way."""
    began = time.perf_counter()
    answer = client.get(address)
    spent = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise PulsoError(f"{address} answered {answer.status_code}")
    return spent, answer.num_bytes_downloaded


async def _at_once(address: str) -> list[float]:
    """Returns the milliseconds of each answer, while READERS ask at the same time, each EACH times."""
    spent = list[float]()

    async def reads(client: httpx.AsyncClient) -> None:
        for _ in range(EACH):
            began = time.perf_counter()
            (await client.get(address)).raise_for_status()
            spent.append((time.perf_counter() - began) * 1000)

    async with AsyncExitStack() as held:  # all are made before the first asks
        clients = [await held.enter_async_context(httpx.AsyncClient(timeout=60)) for _ in range(READERS)]
        await asyncio.gather(*map(reads, clients))
    return spent


def p95(values: Sequence[float]) -> float:
    """Returns the 95th percentile."""
    return quantiles(values, n=20, method="inclusive")[-1]


def _told(lab: Lab, rows: Sequence[Measured], memory: float) -> list[str]:
    def verdict(what: str, found: float, most: float) -> str:
        return f"{what} {found:,.0f}; target {most:,}: {'met' if found <= most else 'MISSED'}."

    return [
        f"{lab.plan.month_posts:,} posts; cold: rendered anew, from warm tables; warm: kept, and asked for whole.",
        verdict("Slowest page, cold, p95, ms:", max(row.cold for row in rows), COLD),
        verdict("Slowest page, warm, p95, ms:", max(row.warm for row in rows), WARM),
        verdict(f"Slowest page, {READERS} readers, p95, ms:", max(row.at_once for row in rows), AT_ONCE),
        verdict("Memory of the page, MB (RSS):", memory, MEMORY),
    ]
