"""Keeps batches on disk until the collector has acknowledged them.

A batch is durable against the death of the agent (kill -9, out of memory, an upgrade) as soon as `add` returns. The
newest one has its place in a file that is written over (newest_file.py). One that is still there when the next one
comes gets a file of its own, written under a temporary name and renamed, so that a whole name is a whole batch. Nothing
is synced: a power cut may take the last seconds before it, which are a small part of what the host will miss while it
is down, and a sync for each batch would wake every disk every interval. A batch that a power cut has torn is found by
its gzip checksum at the next start and dropped. When the disk is full, the newest batches are kept in memory, within
MEMORY_MAX_BYTES: a host whose disk is full is one that must go on reporting.

Two agents may share the directory during an upgrade; each pushes its own batches, and neither harms the other's.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import zlib
from collections import namedtuple

from monitor_agent import newest_file
from monitor_agent.newest_file import NewestFile, is_orphan, read_newest

NAME = re.compile(r"(?P<taken_ms>\d{14})\.gz")
TEMPORARY_NAME = re.compile(r"\d{14}\.gz\.(?P<process>\d+)\.tmp")
MEMORY_MAX_BYTES = 1024 * 1024
REJECTED_MAX_BATCHES = 100
REJECTED_MAX_SHARE = 0.25  # of the spool's bytes

# `taken_ms` is when the samples were taken; `content` is None for a batch that has a file of its own; `is_checked` is
# false for one that was found at the start and may be torn.
Batch = namedtuple("Batch", ("name", "taken_ms", "size_bytes", "content", "is_checked"))


def is_whole(content: bytes) -> bool:
    """Whether this is one or more complete gzip members, checksums included."""
    while content:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            unpacker.decompress(content)
        except zlib.error:
            return False
        if not unpacker.eof:
            return False
        content = unpacker.unused_data
    return True


class Spool:
    """The newest file, and gzip files named after the time of their samples; together bounded in bytes and age.

    `dropped` counts batches that were lost: for lack of room, for age, torn or unreadable. Files of other names in the
    directory are left alone. Raises OSError when the directory cannot be made or listed.
    """

    def __init__(self, directory: str, max_bytes: int, max_age_seconds: float) -> None:
        self._directory = directory
        self._rejected_directory = os.path.join(directory, "rejected")
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_seconds * 1000
        self._lock = threading.RLock()  # one thread adds, another removes
        self._batches: dict[str, Batch] = {}  # in the order of their time
        self.size_bytes = 0
        self.dropped = 0
        os.makedirs(self._rejected_directory, mode=0o700, exist_ok=True)
        for name in os.listdir(directory):
            self._take_over(name)
        for name in sorted(os.listdir(directory)):
            self._find(name)
        self._newest_file = NewestFile(directory)
        self._newest_name = ""  # of the batch that is in it

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, content: bytes, taken_ms: int) -> None:
        """Keeps a gzip-compressed batch, dropping the oldest ones where there is no room.

        Raises OSError when it, or the one before it, could not be written; it is kept in memory then.
        """
        failure: OSError | None = None
        with self._lock:
            try:
                self._move_newest_aside()
            except OSError as error:
                failure = error
            name = f"{taken_ms:014d}.gz"
            try:
                self._newest_file.write(taken_ms, content)
            except OSError as error:
                failure = error
            self._forget(name)  # after a clock that was set back the same time comes again
            self._remember(Batch(name, taken_ms, len(content), content, is_checked=True))
            self._newest_name = name
            self._make_room(taken_ms)
        if failure is not None:
            raise failure

    def newest(self) -> Batch | None:
        with self._lock:
            return self._batches[next(reversed(self._batches))] if self._batches else None

    def oldest_ms(self) -> int | None:
        """When the oldest batch was taken, in milliseconds since 1970."""
        with self._lock:
            return self._batches[next(iter(self._batches))].taken_ms if self._batches else None

    def oldest(self, max_bytes: int) -> list[Batch]:
        """The oldest batches that together are not larger than this, at least one if there is any."""
        chosen: list[Batch] = []
        with self._lock:
            for batch in self._batches.values():
                max_bytes -= batch.size_bytes
                if chosen and max_bytes < 0:
                    break
                chosen.append(batch)
        return chosen

    def read(self, batch: Batch) -> bytes | None:
        """A batch's compressed content; None when there is nothing to send: gone, or torn and thereby dropped."""
        if batch.content is not None:
            return batch.content
        try:
            with open(self._path(batch), "rb", buffering=0) as file:
                content = file.read()
        except FileNotFoundError:  # another agent on the same directory has handed it over
            self._forget(batch.name)
            return None
        except OSError:
            content = b""
        if not content or not (batch.is_checked or is_whole(content)):
            self._drop(batch)
            return None
        return content

    def remove(self, batch: Batch) -> None:
        """Forgets a batch that has been acknowledged."""
        with self._lock:
            now = self._forget(batch.name)  # it may have got a file of its own while it was sent
            if batch.name == self._newest_name:
                self._newest_name = ""
                self._newest_file.clear()
        if now is not None and now.content is None:
            _unlink(self._path(now))

    def reject(self, batch: Batch, answer: str) -> None:
        """Puts a batch that the collector will never take aside, with the answer beside it, if the disk allows."""
        content = self.read(batch)
        try:
            for name, data in ((batch.name, content or b""), (f"{batch.name}.answer", answer.encode())):
                with open(os.path.join(self._rejected_directory, name), "wb") as file:
                    file.write(data)
            self._bound_rejected()
        except OSError:
            pass  # a full disk: the batch is of no use, and its answer is in the log
        self.remove(batch)

    def _path(self, batch: Batch) -> str:
        return os.path.join(self._directory, batch.name)

    def _take_over(self, name: str) -> None:
        """Gives the newest batch of an agent that has died a file of its own."""
        path = os.path.join(self._directory, name)
        if not newest_file.NAME.fullmatch(name) or not is_orphan(path):
            return
        found = read_newest(path)
        if found is not None:
            taken_ms, content = found
            self._write(f"{taken_ms:014d}.gz", content)
        _unlink(path)

    def _move_newest_aside(self) -> None:
        """Gives the batch in the newest file, if it still waits, a file of its own."""
        batch = self._batches.get(self._newest_name)
        if batch is not None:
            self._write(batch.name, batch.content)
            self._batches[batch.name] = batch._replace(content=None)

    def _find(self, name: str) -> None:
        """Remembers what an earlier agent left behind."""
        path = os.path.join(self._directory, name)
        temporary = TEMPORARY_NAME.fullmatch(name)
        if temporary and not os.path.exists(f"/proc/{temporary['process']}"):
            _unlink(path)
        found = NAME.fullmatch(name)
        if found:
            with contextlib.suppress(FileNotFoundError):  # another agent was faster
                self._remember(Batch(name, int(found["taken_ms"]), os.path.getsize(path), None, is_checked=False))

    def _write(self, name: str, content: bytes) -> None:
        path = os.path.join(self._directory, name)
        temporary_path = f"{path}.{os.getpid()}.tmp"
        try:
            with open(temporary_path, "wb", buffering=0) as file:
                if file.write(content) != len(content):
                    raise OSError(f"the file system of {self._directory} is full")
            os.replace(temporary_path, path)
        except OSError:
            _unlink(temporary_path)
            raise

    def _remember(self, batch: Batch) -> None:
        self._batches[batch.name] = batch
        self.size_bytes += batch.size_bytes

    def _forget(self, name: str) -> Batch | None:
        with self._lock:
            batch = self._batches.pop(name, None)
            if batch is not None:
                self.size_bytes -= batch.size_bytes
            return batch

    def _drop(self, batch: Batch) -> None:
        self.remove(batch)
        self.dropped += 1

    def _make_room(self, now_ms: int) -> None:
        oldest_ms = now_ms - self._max_age_ms
        while len(self._batches) > 1:
            batch = next(iter(self._batches.values()))
            if self.size_bytes <= self._max_bytes and batch.taken_ms >= oldest_ms:
                break
            self._drop(batch)
        in_memory = self._last_in_memory()
        size = sum(batch.size_bytes for batch in in_memory)
        while size > MEMORY_MAX_BYTES and len(in_memory) > 1:
            batch = in_memory.pop()
            size -= batch.size_bytes
            self._drop(batch)

    def _last_in_memory(self) -> list[Batch]:
        """The batches at the end that could not be written, the newest first."""
        found = []
        for name in reversed(self._batches):
            if self._batches[name].content is None:
                break
            found.append(self._batches[name])
        return found

    def _bound_rejected(self) -> None:
        """Keeps the newest batches in rejected/, with their answers."""
        names = sorted(name for name in os.listdir(self._rejected_directory) if NAME.fullmatch(name))
        paths = [os.path.join(self._rejected_directory, name) for name in names]
        size = sum(map(os.path.getsize, paths))
        while paths and (len(paths) > REJECTED_MAX_BATCHES or size > self._max_bytes * REJECTED_MAX_SHARE):
            path = paths.pop(0)
            size -= os.path.getsize(path)
            _unlink(path)
            _unlink(f"{path}.answer")


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def waiting_bytes(directory: str) -> dict[int, int]:
    """The size of each batch in a spool's directory, by the time of its samples in milliseconds. Raises OSError."""
    sizes: dict[int, int] = {}
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        found = NAME.fullmatch(name)
        if found:
            with contextlib.suppress(FileNotFoundError):  # just handed over
                sizes[int(found["taken_ms"])] = os.path.getsize(path)
        elif newest_file.NAME.fullmatch(name):
            newest = read_newest(path)
            if newest is not None:
                sizes[newest[0]] = len(newest[1])
    return sizes
