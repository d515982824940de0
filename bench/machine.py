"""Describes the machine and the versions that a result belongs to."""

import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.lab import HEAP, Lab

PACKAGES = ("pyspark", "cassandra-driver", "redis", "rq", "duckdb")


def describe(lab: Lab, began: datetime, load_before: float) -> list[str]:
    """Returns lines on the date, the machine, the load before and after, and the versions."""
    memory = psutil.virtual_memory().total / 2**30
    load_after = psutil.getloadavg()[0]
    engines = f"Cassandra {lab.cassandra.version} (heap {HEAP}), Redis {lab.redis_server.version}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"Date: {began:%Y-%m-%d %H:%M} UTC, {(datetime.now(UTC) - began).total_seconds() / 60:.0f} minutes",
        f"Machine: {psutil.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}; engines,"
        " workers and Spark all run on it at the same time",
        f"Load average over the last minute: {load_before:.1f} before the benchmark, {load_after:.1f} at its end",
        f"Versions: {engines}, Python {platform.python_version()}, Java {_java()}, {packages}",
    ]


def _processor() -> str:
    """Returns the processor's name, as far as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.is_file() else None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        return "unknown"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'"([^"]+)"', told)
    return found.group(1) if found else "unknown"
