"""The write-ahead log: what hosts have pushed, as it came, and what the collector has made itself.

The promise: when `append` returns, the record is on disk (written and fsynced), and `replay` yields it after any crash,
until `drop_through` has deleted its segment, which the caller does once a block holds the same samples. Pushes that
wait at the same time share one fsync, done in a thread.

A segment is a file of records (`wal_records`). A process always starts a new one, so the tail that a crash has torn is
never written to again. Replaying a record twice is harmless, since a sample is identified by its series and timestamp.
Damage costs the records that it is in; a copy of such a segment is kept.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

from monitor_collector.reserve import room
from monitor_collector.wal_records import MAGIC, Flaw, Record, Skipped, encode_record, read_segment

log = logging.getLogger(__name__)

SEGMENT_MAX_BYTES = 64 * 1024 * 1024
QUEUE_MAX_BYTES = 128 * 1024 * 1024
# With less room on the disk nothing is appended any more, since alarms and blocks need some too.
FREE_MIN_BYTES = 64 * 1024 * 1024


class WalError(Exception):
    """The record is not on disk, because the disk is full or failing."""


class WalBusy(Exception):
    """More is waiting to be written than memory should hold; come again later."""


class _Segment:
    """A file of records. `size` counts the bytes that are whole records; the rest of a torn file is not told."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self.is_damaged = False

    @property
    def number(self) -> int:
        return int(self.path.stem)


class Wal:
    """Segments up to `stored_through` are in blocks already: they are deleted, and their numbers never used again.

    Raises OSError if the directory cannot be used.
    """

    def __init__(self, directory: Path, stored_through: int = 0) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.fsyncs = 0
        self.write_seconds = 0.0
        self.damaged_bytes = 0
        self._directory = directory
        self._segments = [_Segment(path, path.stat().st_size) for path in sorted(directory.glob("*.wal"))]
        self._last_number = max([stored_through, *(segment.number for segment in self._segments)])
        self._drop_through(stored_through)
        self._file: FileIO | None = None
        self._waiting: list[tuple[Record, Callable[[WalError | None], None]]] = []
        self._waiting_bytes = 0
        self._rotations: list[asyncio.Future[int]] = []
        self._trouble = ""
        self._flusher: asyncio.Task[None] | None = None
        self._executor = ThreadPoolExecutor(1, "wal")

    @property
    def waiting_bytes(self) -> int:
        """Of the records that are not being written yet."""
        return self._waiting_bytes

    @property
    def size_bytes(self) -> int:
        return sum(segment.size for segment in self._segments)

    async def append(self, record: Record) -> None:
        """Returns when the record is on disk. Raises WalError when it cannot be, WalBusy when too many wait.

        The caller puts the samples into the head before it awaits anything else: `rotate` counts on that.
        """
        await self.enqueue(record)

    def enqueue(self, record: Record) -> asyncio.Future[None]:
        """Like `append`, for who has no need to wait."""
        future = asyncio.get_running_loop().create_future()

        def settle(error: WalError | None) -> None:
            if future.done():  # who waited has gone
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.append_then(record, settle)
        return future

    def append_then(self, record: Record, done: Callable[[WalError | None], None]) -> None:
        """Calls `done` with None when the record is on disk, with the error when it cannot be. Raises WalBusy.

        `done` puts the samples into the head before it returns, and raises nothing.
        """
        if self._waiting_bytes > QUEUE_MAX_BYTES:
            raise WalBusy
        self._waiting.append((record, done))
        self._waiting_bytes += len(record.body)
        self._begin_to_flush()

    async def rotate(self) -> int:
        """Ends the segment and returns its number: whatever was appended before is in this segment or an earlier one,
        and whoever waited for that has been woken before this returns."""
        future = asyncio.get_running_loop().create_future()
        self._rotations.append(future)
        self._begin_to_flush()
        return await future

    def _begin_to_flush(self) -> None:
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        """Writes what waits, and what has come to wait meanwhile, until nothing does."""
        loop = asyncio.get_running_loop()
        while self._waiting or self._rotations:
            group, self._waiting, self._waiting_bytes = self._waiting, [], 0
            rotations, self._rotations = self._rotations, []
            error = None
            try:
                if group:
                    await loop.run_in_executor(self._executor, self._write, [record for record, _ in group])
                    self._note_trouble("")
            except OSError as reason:
                error = WalError(str(reason.strerror or reason))
                self._note_trouble(str(error))
            for _, done in group:
                done(error)
            if rotations:
                await loop.run_in_executor(self._executor, self._end_segment)
            for future in rotations:
                if not future.done():
                    future.set_result(self._last_number)
        self._flusher = None

    def _note_trouble(self, trouble: str) -> None:
        """Logs when writing begins to fail, or fails in another way, and when it goes well again."""
        if trouble and trouble != self._trouble:
            log.error("cannot write to %s: %s", self._directory, trouble)
        elif self._trouble and not trouble:
            log.info("%s can be written to again", self._directory)
        self._trouble = trouble

    def _write(self, records: list[Record]) -> None:
        if room(self._directory).free_bytes < FREE_MIN_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file = self._writable()
        segment = self._segments[-1]
        data = memoryview(b"".join(map(encode_record, records)))
        started = time.monotonic()
        size = segment.size + len(data)
        try:
            while data:
                data = data[file.write(data) :]
            os.fdatasync(file.fileno())
        except OSError:
            self._abandon(file)
            raise
        self.fsyncs += 1
        self.write_seconds += time.monotonic() - started
        segment.size = size

    def _abandon(self, file: FileIO) -> None:
        """After a failed write or fsync nobody knows what the file holds, so nothing is added to it any more: it is
        cut back to what was acknowledged, and the next group begins another segment."""
        segment = self._segments[-1]
        self._file = None
        file.close()
        try:
            if segment.size > len(MAGIC):
                os.truncate(segment.path, segment.size)
            else:
                self._segments.pop()
                segment.path.unlink()
        except OSError as error:
            log.warning("cannot tidy %s: %s", segment.path, error.strerror)

    def _writable(self) -> FileIO:
        if self._file is not None:
            if self._segments[-1].size < SEGMENT_MAX_BYTES:
                return self._file
            self._end_segment()
        segment = _Segment(self._directory / f"{self._last_number + 1:010d}.wal", 0)
        file = FileIO(segment.path, "xb")
        self._last_number += 1
        self._segments.append(segment)
        try:
            segment.size = file.write(MAGIC)
            self._sync_directory()
        except OSError:
            self._abandon(file)
            raise
        self._file = file
        return file

    def _sync_directory(self) -> None:
        """Makes the names in the directory durable, without which a new file can vanish in a power cut."""
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _end_segment(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def replay(self) -> Iterator[Record]:
        """The records of earlier runs, in the order of arrival. Call it before the first append."""
        for segment in self._segments:
            for found in read_segment(segment.path):
                if isinstance(found, Record):
                    yield found
                else:
                    self._note_skipped(segment, found)

    def _note_skipped(self, segment: _Segment, skipped: Skipped) -> None:
        # A crash may leave these; it has cost nothing that was acknowledged.
        level = logging.WARNING if skipped.flaw in (Flaw.TORN, Flaw.FOREIGN) else logging.ERROR
        log.log(level, "%s: %s", segment.path, skipped)
        if skipped.flaw is Flaw.DAMAGED:
            self.damaged_bytes += skipped.size
            segment.is_damaged = True

    async def drop_through(self, number: int) -> None:
        """Deletes the segments up to this number, which `rotate` has given; a damaged one is renamed and stays."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._drop_through, number)

    def _drop_through(self, number: int) -> None:
        kept = []
        for segment in self._segments:
            if segment.number > number:
                kept.append(segment)
            elif segment.is_damaged:
                segment.path.rename(segment.path.with_suffix(".damaged"))
            else:
                segment.path.unlink(missing_ok=True)
        self._segments = kept

    async def close(self) -> None:
        """Waits until everything that was appended is on disk."""
        if self._flusher is not None:
            await self._flusher
        self._executor.shutdown()
        self._end_segment()
