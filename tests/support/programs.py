"""Programs that stand for others: shell scripts."""

from pathlib import Path


def program(folder: Path, name: str, script: str) -> Path:
    """Writes a shell script that can be run, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def fake(folder: Path, name: str, says: str) -> Path:
    """A program that only prints its version."""
    return program(folder, name, f"echo '{says}'")
