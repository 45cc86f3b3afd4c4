"""Room on the disk that is kept for alarms.

Samples are refused while there is little room left (`wal.FREE_MIN_BYTES`), so the collector itself never fills the
disk. When something else does, alarms and notifications, which must be stored to be told, still have the room that a
file of no use has kept until then.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

SIZE_BYTES = 8 * 1024 * 1024
_RELEASE_BELOW_BYTES = 1024 * 1024
_HOLD_ABOVE_BYTES = 128 * 1024 * 1024


class Room(NamedTuple):
    """Of a file system: how many bytes it has in all, and how many of them can still be used."""

    size_bytes: int
    free_bytes: int


def room(directory: Path) -> Room:
    """Raises OSError."""
    figures = os.statvfs(directory)
    return Room(figures.f_blocks * figures.f_frsize, figures.f_bavail * figures.f_frsize)


class Reserve:
    """The file, made when there is room enough and given up when there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def adapt(self, free_bytes: int) -> None:
        """Never raises: that it cannot be made or removed is only logged."""
        try:
            is_held = self._path.exists()
            if is_held and free_bytes < _RELEASE_BELOW_BYTES:
                self._path.unlink()
                log.error("the disk is full: alarms use the %d bytes kept for them; free some space", SIZE_BYTES)
            elif not is_held and free_bytes > _HOLD_ABOVE_BYTES:
                self._hold()
        except OSError as error:
            log.warning("%s: %s", self._path, error.strerror)

    def _hold(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, SIZE_BYTES)
        finally:
            os.close(descriptor)
