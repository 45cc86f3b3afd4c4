"""Keeps batches on disk until the collector has acknowledged them.

A batch is written under a temporary name and renamed, so a whole file is a whole batch: `kill -9` at any moment
loses at most the batch being written. It is not synced to the disk: after a power cut the last seconds may be
missing or torn, and a torn batch, which no longer unpacks, is dropped.
"""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from typing import NamedTuple

SUFFIX = ".gz"
REJECTED_LIMIT = 100


class Batch(NamedTuple):
    """A batch in the spool. `taken_ms` is when its samples were taken."""

    name: str
    taken_ms: int
    size_bytes: int


class Spool:
    """A directory of gzip files named after the time of their samples, bounded in bytes and age."""

    def __init__(self, directory: str, max_bytes: int, max_age_seconds: float) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_seconds * 1000
        self._lock = threading.RLock()  # one thread adds, another removes
        self.dropped = 0
        os.makedirs(os.path.join(directory, "rejected"), exist_ok=True)
        self._batches = sorted(
            filter(None, map(self._look_at, os.listdir(directory))), key=lambda batch: batch.taken_ms
        )

    def _look_at(self, name: str) -> Batch | None:
        path = os.path.join(self._directory, name)
        stem = name[: -len(SUFFIX)]
        if os.path.isdir(path):
            return None
        if not name.endswith(SUFFIX) or not stem.isdigit():
            os.unlink(path)  # the leftover of a write that was cut short
            return None
        return Batch(name, int(stem), os.path.getsize(path))

    @property
    def size_bytes(self) -> int:
        with self._lock:
            return sum(batch.size_bytes for batch in self._batches)

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, content: bytes, taken_ms: int) -> None:
        """Keeps a packed batch, dropping the oldest ones where there is no room; raises OSError on a full disk."""
        name = f"{taken_ms:014d}{SUFFIX}"
        path = os.path.join(self._directory, name)
        with open(path + ".tmp", "wb") as file:
            file.write(content)
        os.replace(path + ".tmp", path)
        with self._lock:
            self._batches.append(Batch(name, taken_ms, len(content)))
            size = self.size_bytes
            oldest_kept_ms = taken_ms - self._max_age_ms
            while len(self._batches) > 1 and (size > self._max_bytes or self._batches[0].taken_ms < oldest_kept_ms):
                size -= self._batches[0].size_bytes
                self.remove(self._batches[0])
                self.dropped += 1

    def newest(self) -> Batch | None:
        with self._lock:
            return self._batches[-1] if self._batches else None

    def oldest(self, max_bytes: int) -> list[Batch]:
        """The oldest batches that together are not larger than this, at least one if there is any."""
        chosen: list[Batch] = []
        size = 0
        with self._lock:
            waiting = list(self._batches)
        for batch in waiting:
            size += batch.size_bytes
            if chosen and size > max_bytes:
                break
            chosen.append(batch)
        return chosen

    def read(self, batch: Batch) -> bytes | None:
        """A batch's packed content; None, and the batch is dropped, when it is gone or does not unpack."""
        try:
            with open(os.path.join(self._directory, batch.name), "rb") as file:
                content = file.read()
            unpacker = zlib.decompressobj(wbits=31)
            unpacker.decompress(content)
            if not unpacker.eof:
                raise zlib.error("torn")
        except (OSError, zlib.error):
            self.remove(batch)
            self.dropped += 1
            return None
        return content

    def remove(self, batch: Batch) -> None:
        with self._lock:
            if batch in self._batches:
                self._batches.remove(batch)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self._directory, batch.name))

    def reject(self, batch: Batch, answer: str) -> None:
        """Puts a batch that the collector will never take aside, with its answer beside it."""
        directory = os.path.join(self._directory, "rejected")
        with open(os.path.join(directory, batch.name + ".answer"), "w", encoding="utf-8") as file:
            file.write(answer)
        os.replace(os.path.join(self._directory, batch.name), os.path.join(directory, batch.name))
        with self._lock:
            self._batches.remove(batch)
        for name in sorted(os.listdir(directory))[: -2 * REJECTED_LIMIT]:
            os.unlink(os.path.join(directory, name))
