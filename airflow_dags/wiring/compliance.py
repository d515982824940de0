"""Applies X's compliance files that somebody has put into a folder."""

from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowException

from airflow_dags.wiring.commands import CommandOperator
from conf import ROOT

KINDS = {"posts": [], "users": ["--users"]}
"""The folders, and what `comply` is told about their files."""


class ComplianceOperator(CommandOperator):
    """Runs `comply` on each file in the folders of KINDS in `folder`; moves those that were applied to `done`.

    A file that can't be applied stays, and does not keep the others from being applied; then the task fails. So does
    one that was written to meanwhile: the next try applies it whole.
    """

    def execute(self, context: Any) -> None:
        """Applies the files. Raises AirflowException, which names those that failed."""
        failed = list[str]()
        done = ROOT / self.folder / "done"
        for kind, options in KINDS.items():
            for file in sorted(file for file in (ROOT / self.folder / kind).glob("*") if file.is_file()):
                try:
                    before = _state(file)
                    self.run([*self.arguments, *options, "--", str(file)])
                    if _state(file) != before:
                        failed.append(f"{file}: it was written to meanwhile")
                        continue
                    done.mkdir(exist_ok=True)
                    file.replace(done / f"{kind}-{file.name}")
                except OSError as error:
                    failed.append(f"{file}: {error.strerror}")
                except AirflowException as error:
                    failed.append(f"{file}: {error}")
        if failed:
            raise AirflowException("; ".join(failed))


def _state(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns
