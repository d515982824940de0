"""What bounds a figure: the CPU time that each process takes for a post, and how busy the cores are."""

from collections.abc import Sequence
from statistics import median

import psutil

from bench.pulso import Pass

BUSY = 0.85
"""From this part of the cores on, they are what bounds."""


def told(passes: Sequence[Pass], posts: int, at_once: int = 0) -> str:
    """Returns what bounds a figure that was measured so many times, for so many posts.

    `at_once` is how many cores it can use, as two processes that wait for each other use one; all of them if it is 0.
    """
    cores = at_once or psutil.cpu_count() or 1
    micros = {name: median(one.cpu[name] for one in passes) / posts * 1e6 for name in passes[0].cpu}
    busy = median(sum(one.cpu.values()) / one.seconds for one in passes)
    largest = max(micros, key=lambda name: micros[name])
    spent = ", ".join(f"{name} {used:.0f}" for name, used in sorted(micros.items(), key=lambda one: -one[1]))
    why = (
        f"bound by CPU, most of it {largest}"
        if busy >= BUSY * cores
        else "not by CPU alone: part of the time is waiting (for a sync, an answer, or the other process)"
    )
    return f"{busy:.1f} of {cores} cores busy, {why}; µs of CPU a post: {spent}"
