"""Runs other programs: as root where that is needed, and with their last words when they fail."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence

from lab.errors import LabError


def as_root(command: Sequence[str]) -> list[str]:
    """The command as root would run it: unchanged for root, through sudo for anybody else."""
    return list(command) if os.geteuid() == 0 else ["sudo", *command]


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    input_text: str | None = None,
    is_shielded: bool = False,
) -> str:
    """Runs a command to its end and returns what it printed.

    A shielded command does not notice Ctrl-C: what it does must be done whole. Raises LabError with the command and
    the end of its error output when it fails or is not installed.
    """
    try:
        result = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            input=input_text,
            stdin=subprocess.DEVNULL if input_text is None else None,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=is_shielded,
        )
    except (FileNotFoundError, PermissionError):
        raise LabError(f"{command[0]} is not installed, or not for this user") from None
    if result.returncode != 0:
        last_words = "\n    ".join((result.stderr or result.stdout).strip().splitlines()[-8:])
        raise LabError(f"{shlex.join(command)}\n  failed with exit code {result.returncode}:\n    {last_words}")
    return result.stdout


def succeeds(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> bool:
    """Whether the command runs and exits with 0; its output is dropped."""
    try:
        run(command, environment=environment)
    except LabError:
        return False
    return True
