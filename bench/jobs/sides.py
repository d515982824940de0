"""The two sides that are compared: the code of an earlier commit in a folder of its own, and this code."""

import io
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.commands import python, run
from bench.lab import Lab
from conf import ROOT
from conf.errors import PulsoError

NOW = "now"


@dataclass(frozen=True)
class Side:
    """One side: its name, which its keyspaces have in theirs, and a lab whose commands run its code."""

    name: str
    lab: Lab


class Sides:
    """Both sides. The earlier one is put into its folder when it is asked for first."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    @cached_property
    def now(self) -> Side:
        """This code, completed by its own setup."""
        return _set_up(Side(NOW, self._lab))

    @cached_property
    def before(self) -> Side:
        """The code of the earlier commit, completed by its own setup. Raises PulsoError if the commit isn't there."""
        commit = commit_of(self._lab.plan.before)
        return _set_up(Side(commit[:7], self._lab.at(checked_out(commit, self._lab.work / f"at-{commit}"))))


def commit_of(revision: str, root: Path = ROOT) -> str:
    """Returns the full id of a commit. Raises PulsoError if the repository does not have it."""
    asked = ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PulsoError("git is not on the PATH, and the earlier commit comes from it", "Install git") from None
    if told.returncode:
        raise PulsoError(
            f"there is no commit {revision} here, since this is no clone or a shallow one",
            "Fetch the history (git fetch --unshallow), or name another commit with --before",
        )
    return told.stdout.strip()


def checked_out(commit: str, folder: Path, root: Path = ROOT) -> Path:
    """Writes the files of a commit into a folder, unless they are there, and returns the folder.

    The folder gets a link to this virtual environment, which both sides use.
    """
    if folder.is_dir():
        return folder
    archive = subprocess.run(["git", "-C", str(root), "archive", commit], capture_output=True, check=True).stdout
    part = folder.with_suffix(".part")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(part, filter="data")
    environment = Path(sys.prefix)
    if environment.name == ".venv":
        (part / ".venv").symlink_to(environment)
    return part.rename(folder)


def _set_up(side: Side) -> Side:
    """Completes a side as `make setup` does, so that no run that is timed has to."""
    side.lab.show(f"jobs: setting up {side.name}")
    run(side.lab, python("deploy", "setup"))
    return side
