"""`make demo`: the whole path from a bare clone, each stage timed.

It starts the engines, makes the tables, sends a generated campaign through Redis into Cassandra, computes the poll, the
network and more with Spark, and prints the first two. If a folder with real captures is beside the project's folder, it
does the same for one of these captures. Posts that are already stored are not sent again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import zstandard
from cassandra.cluster import Session

from conf import ROOT
from conf.errors import PulsoError, exit_code_of
from conf.settings import Settings, load_settings
from conf.terminal import ERR, configure_logs, out_console, progress
from conf.topic import load_topic
from corpus import CAMPAIGN, generate
from deploy.engines import Engines
from ingest.write.migrate import migrate
from jobs.framework.window import parse_window
from readers.page.serve_cli import PORT
from stores.connect import cassandra_session
from stores.layout import DayLayouts

POSTS = 170_000
SEED = 2016
REAL_CAPTURE = ROOT.parent / "shared" / "data" / "x_v2" / "brexit.jsonl"
OUT = out_console()


@dataclass(frozen=True)
class Story:
    """One topic of the demo: its name, the number of posts of its capture, and the window of its poll."""

    topic: str
    posts: int
    window: tuple[str, str]


WITH_BOTS, OF_A_DAY = ("author_activity", "candidate_poll"), ("hashtag_trends", "network_graph")
"""The jobs of the demo: those over a whole story, and those over the campaign's last day."""
LAST_DAY = ((CAMPAIGN[1] - timedelta(days=1)).isoformat(), CAMPAIGN[1].isoformat())
CAMPAIGN_STORY = Story("ph2016", POSTS, (CAMPAIGN[0].isoformat(), CAMPAIGN[1].isoformat()))
PAGE = f"http://127.0.0.1:{PORT}/{CAMPAIGN_STORY.topic}/night"
REAL_STORY = Story("brexit", 100, ("2021-09-22T16:00Z", "2021-09-22T17:00Z"))


def main() -> int:
    """Runs the demo and returns its exit code."""
    configure_logs()
    return exit_code_of(_demo, verbose="-v" in sys.argv)


def _demo() -> None:
    settings = load_settings()
    began = time.monotonic()
    with stage("engines"):
        Engines(settings).up()
    with cassandra_session(settings) as session:
        with stage("tables"):
            list(migrate(session, settings))
        corpus = settings.home / "demo" / f"{CAMPAIGN_STORY.topic}-{POSTS}-{SEED}.jsonl.zst"
        if is_stored(session, settings, CAMPAIGN_STORY):
            OUT.print(f"{POSTS:,} posts of {CAMPAIGN_STORY.topic} are stored already")
        else:
            make_corpus(settings, corpus)
            ingest(settings, CAMPAIGN_STORY, corpus)
        stories = [CAMPAIGN_STORY]
        if REAL_CAPTURE.is_file():
            stories.append(REAL_STORY)
            if not is_stored(session, settings, REAL_STORY):
                ingest(settings, REAL_STORY, REAL_CAPTURE)
    tasks = [(CAMPAIGN_STORY, WITH_BOTS, CAMPAIGN_STORY.window), (CAMPAIGN_STORY, OF_A_DAY, LAST_DAY)]
    tasks += [(story, WITH_BOTS, story.window) for story in stories[1:]]
    with stage("jobs, two sets at a time"), ERR.status("Spark reads the partitions"), ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(compute, settings, *task) for task in tasks]:
            done.result()
    for story in stories:
        OUT.print()
        run([sys.executable, "-m", "readers", "poll", "--topic", story.topic])
    run([sys.executable, "-m", "readers", "graph", "--topic", CAMPAIGN_STORY.topic, "--graph", "retweet"])
    OUT.print(f"done in {time.monotonic() - began:.0f} s. {where_things_are(settings)}")
    offer_the_page()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Times a stage and prints how long it took."""
    began = time.monotonic()
    yield
    OUT.print(f"[bold]{name}[/bold] {time.monotonic() - began:.1f} s")


def is_stored(session: Session, settings: Settings, story: Story) -> bool:
    """Whether Cassandra has at least as many posts as the story.

    Counts the rows of all partitions of the story's window.
    """
    topic = load_topic(story.topic, settings.topics_dir)
    days = parse_window(*story.window, topic.zone).days()
    query = f"SELECT count(*) FROM {settings.keyspace}.posts WHERE topic = ? AND day = ? AND bucket = ?"
    count = session.prepare(query)
    layout = DayLayouts(session, settings.keyspace).of(topic.topic, days, topic.buckets)
    futures = [session.execute_async(count, (topic.topic, d, b)) for d in days for b in range(layout[d])]
    return sum(int(future.result().one()[0]) for future in futures) >= story.posts


def make_corpus(settings: Settings, path: Path) -> None:
    """Writes the generated campaign, unless the file exists. The file gets its name only when it is complete."""
    if path.is_file():
        return
    with stage(f"generate {POSTS:,} posts"), progress() as display:
        task = display.add_task("generate", total=POSTS, note="")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as raw, zstandard.ZstdCompressor(level=1).stream_writer(raw) as file:
            for chunk in generate(load_topic(CAMPAIGN_STORY.topic, settings.topics_dir), POSTS, SEED):
                file.write(chunk)
                display.update(task, advance=chunk.count(b"\n"))
        part.rename(path)


def ingest(settings: Settings, story: Story, capture: Path) -> None:
    """Replays a capture and runs a worker at the same time, until all posts are stored and acked."""
    with stage(f"ingest {story.topic}: file, Redis, Cassandra"), worker(settings):
        run([sys.executable, "-m", "ingest", "replay", str(capture), "--topic", story.topic, "--wait"])


@contextmanager
def worker(settings: Settings) -> Iterator[None]:
    """Runs a worker while the block runs. Its log is under PULSO_HOME."""
    log = settings.home / "logs" / "demo-worker.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "ingest", "work"], stdout=out, stderr=out, cwd=ROOT)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    if process.returncode:
        raise PulsoError("the worker failed", f"Its log is {log}")


def compute(settings: Settings, story: Story, jobs: Sequence[str], window: tuple[str, str]) -> None:
    """Runs a set of jobs with spark-submit, as a scheduler would, and prints the result of each.

    Raises PulsoError, with the jobs' own error, when one fails.
    """
    log = settings.home / "logs" / f"demo-{story.topic}-{jobs[-1]}.log"
    start, end = window
    submit = str(Path(sys.executable).with_name("spark-submit"))
    arguments = ["--topic", story.topic, "--from", start, "--to", end, "--jobs", ",".join(jobs)]
    environment = {**os.environ, "SPARK_CONF_DIR": str(ROOT / "conf")}
    began = time.monotonic()
    with log.open("wb") as out:
        command = [submit, "jobs/daily.py", *arguments]
        done = subprocess.run(command, stdout=out, stderr=out, cwd=ROOT, env=environment, check=False)
    told = log.read_text(errors="replace").splitlines()
    if done.returncode:
        errors = [line for line in told if line.startswith("error: ")]
        raise PulsoError(errors[0].removeprefix("error: ") if errors else "spark-submit failed", f"Its log is {log}")
    results = [line for line in told if line.startswith(tuple(f"{job} " for job in jobs))]
    OUT.print(f"[bold]{', '.join(jobs)} of {story.topic}: Spark[/bold] {time.monotonic() - began:.1f} s")
    OUT.print("\n".join(results))


def run(command: list[str]) -> None:
    """Runs one of Pulso's commands; its output is shown. Raises PulsoError when it fails."""
    sys.stdout.flush()
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise PulsoError(f"`{' '.join(command[1:])}` failed")


def where_things_are(settings: Settings) -> str:
    """Returns a text with the place of the results and the next commands."""
    host, port = settings.cassandra_hosts[0], settings.cassandra_port
    return (
        f"The tables are in keyspace {settings.keyspace} at {host}:{port}: "
        "posts, candidate_poll, graph_summary, job_runs and more.\n"
        "The login for programs other than Pulso's:  make credentials\n"
        "All jobs over a day, in one Spark session:  .venv/bin/spark-submit jobs/daily.py (README)\n"
        "The poll by day, as CSV:  .venv/bin/python -m readers poll --topic ph2016 --period day --format csv\n"
        "The last day's network as a page:  .venv/bin/python -m readers graph --topic ph2016 --html graph.html\n"
        "Stop the engines, keep the data:  make down\n"
        f"The page with all of it:  make dashboard, then open {PAGE}"
    )


def offer_the_page() -> None:
    """On a terminal with a display, asks whether to open the page; if so, serves it until Ctrl-C."""
    display = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not (display and sys.stdin.isatty() and sys.stdout.isatty()):
        return
    if OUT.input("Open the page now? [y/N] ").strip().lower() in ("y", "yes"):
        run([sys.executable, "-m", "readers", "serve", "--open"])


if __name__ == "__main__":
    sys.exit(main())
