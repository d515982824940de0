"""Pack: writes a month of posts into a folder, measures the memory used, and checks the folder."""

import shutil

from bench.commands import python, run
from bench.lab import Lab
from bench.month import TOPIC
from bench.results import Row, Section
from bench.stored_month import stored_month
from conf.errors import PulsoError
from stores.packs import read_manifest

TITLE = "a month of posts in a folder"
MOST_MB = 300


def benchmark(lab: Lab) -> Section:
    """Stores the month and packs it, as a command. Raises PulsoError if a post is missing, or a file is not right."""
    own, _ = stored_month(lab)
    posts, folder = lab.plan.month_posts, own.work / "pack"
    seconds, peaks, checks = list[float](), list[float](), list[float]()
    size = 0
    for number in range(1, lab.plan.rounds + 1):
        lab.show(f"pack: round {number} of {lab.plan.rounds}")
        shutil.rmtree(folder, ignore_errors=True)
        what = python("readers", "pack", "--topic", TOPIC, "--out", str(folder))
        ended = run(own, python("bench.peak", *what))
        seconds.append(ended.seconds)
        peaks.append(int(ended.output.split()[-1]) / 1e6)
        checks.append(run(own, python("readers", "pack", "verify", str(folder))).seconds)
        manifest = read_manifest(folder)
        if manifest.posts != posts:
            raise PulsoError(f"the pack holds {manifest.posts:,} posts, not {posts:,}")
        size = sum(file.bytes for file in manifest.files)
    shutil.rmtree(folder)
    held = "met" if max(peaks) <= MOST_MB else "MISSED"
    return Section(
        TITLE,
        [
            Row(f"`readers pack`, {size / 1e6:,.0f} MB", posts, seconds),
            Row("`readers pack verify`: hashes, and which posts are gone", posts, checks),
        ],
        [f"Target: at most {MOST_MB} MB of memory: {held}; {max(peaks):.0f} MB at most."],
    )
