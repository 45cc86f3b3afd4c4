"""Remembers in the spool's directory what was acknowledged last, for `monitor-agent status`."""

from __future__ import annotations

import contextlib
import os
import time

FILE_NAME = "acknowledged"


class Acknowledged:
    """One file, written over with each batch: when its samples were taken and when the collector acknowledged them.

    Raises OSError when the file cannot be made.
    """

    def __init__(self, directory: str) -> None:
        path = os.path.join(directory, FILE_NAME)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def note(self, taken_ms: int) -> None:
        with contextlib.suppress(OSError):  # a full disk is told elsewhere, and is no reason to stop pushing
            os.pwrite(self._file, b"%014d %014d\n" % (taken_ms, time.time_ns() // 1_000_000), 0)


def read_acknowledged(directory: str) -> tuple[int, int] | None:
    """Milliseconds since 1970, of the samples and of the answer; None where nothing has been acknowledged yet."""
    try:
        with open(os.path.join(directory, FILE_NAME), encoding="ascii") as file:
            taken_ms, acknowledged_ms = (int(each) for each in file.read().split())
    except (FileNotFoundError, ValueError):  # an agent that has only started leaves it empty
        return None
    return taken_ms, acknowledged_ms
