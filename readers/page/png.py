"""Pictures as PNG, each made in a process of its own: fonts take some 60 MB, which the page itself does without.

`python -m readers.page.png` reads an SVG from stdin, and writes the PNG to stdout.
"""

import os
import subprocess
import sys

from conf import ROOT
from conf.errors import PulsoError
from readers.page.fonts import NoFont, bundled, needs_others

ZOOM = 2.0
"""Pixels of a PNG for each of the picture's own."""
PATIENCE = 60
NO_FONT = 3
"""The exit code where no font has a letter; stderr has what lacks, and in a second line what to do."""


def png(svg: str) -> bytes:
    """Returns a picture as PNG, in the fonts of this machine. Raises NoFont where none has one of its letters."""
    from resvg_py import svg_to_bytes  # noqa: PLC0415 - only where a PNG is asked for

    alone, ours = not needs_others(svg), [str(bundled())]
    return bytes(
        svg_to_bytes(
            svg_string=svg, zoom=ZOOM, sans_serif_family="DejaVu Sans", font_dirs=ours, skip_system_fonts=alone
        )
    )


def png_apart(svg: str) -> bytes:
    """Returns what `png` does, and raises the same; PulsoError if it fails or takes longer than PATIENCE seconds."""
    command, environment = [sys.executable, "-m", "readers.page.png"], {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            command, input=svg.encode(), capture_output=True, timeout=PATIENCE, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise PulsoError(f"the picture took longer than {PATIENCE} s", "Take the SVG") from None
    if done.returncode == NO_FONT:
        what, fix = done.stderr.decode().splitlines()[-2:]
        raise NoFont(what, fix)
    if done.returncode:
        raise PulsoError("the picture could not be made", "Take the SVG")
    return done.stdout


def main() -> int:
    """Makes a PNG of the SVG on stdin; returns the exit code."""
    try:
        made = png(sys.stdin.buffer.read().decode())
    except NoFont as error:
        sys.stderr.write(f"{error.what}\n{error.fix}\n")
        return NO_FONT
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
