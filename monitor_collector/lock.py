"""Keeps two processes from working on one data directory."""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import TracebackType


class Locked(Exception):
    """Another process works on the directory."""


class Lock:
    """Held from the start until `release`, or the end of the process, however that comes. Raises Locked, OSError."""

    def __init__(self, directory: Path) -> None:
        self._file = (directory / "lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise Locked(f"another process uses {directory}; stop the collector first") from None

    def release(self) -> None:
        self._file.close()

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()
