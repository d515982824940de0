"""Interactive drawings of graphs: made by the commands that draw them, in processes of their own.

Layouts need libraries and memory that the page itself does without. A drawing is kept until its graph is published
again.
"""

import os
import re
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.responses import HTMLResponse, Response

from conf import ROOT
from conf.errors import PulsoError, WrongUse
from readers.page.seen import Pages

PATIENCE = 90
"""Seconds that a drawing may take."""
_SCRIPT = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_drawn = Pages()
_drawing = threading.BoundedSemaphore(1)
"""Drawings are made one after the other: each takes a core and some hundred MB."""


def drawing(key: str, run: str, command: Sequence[str]) -> Response:
    """Returns the drawing that `python -m readers command` makes. It may run its own script and no other.

    It is made once for each `key` and `run`. Raises PulsoError, with the command's own words, where it can't be drawn.
    """
    page, _ = _drawn.get(key, lambda: run, lambda: _draw(command))
    body = page.body
    return HTMLResponse(body, headers={"content-security-policy": policy(body.decode())})


def policy(page: str) -> str:
    """Returns a policy that lets a page run the scripts and styles that it has now, and nothing else."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _SCRIPT.findall(page):
        hashes[kind].append(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'")
    allowed = "; ".join(f"{kind}-src {' '.join(found)}" for kind, found in hashes.items() if found)
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


def _draw(command: Sequence[str]) -> bytes:
    with _drawing, TemporaryDirectory() as folder:
        file = Path(folder) / "graph.html"
        _run([sys.executable, "-m", "readers", *command, "--html", str(file)])
        return file.read_bytes()


def _run(command: Sequence[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            list(command), capture_output=True, timeout=PATIENCE, check=False, env=environment, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise PulsoError(f"the drawing took longer than {PATIENCE} s", "Ask for fewer nodes") from None
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.startswith("error: ")]
        what = lines[-1].removeprefix("error: ") if lines else "the drawing failed"
        raise (WrongUse if done.returncode == 2 else PulsoError)(what[:400])
