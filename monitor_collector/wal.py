"""The write-ahead log: what a host has pushed, as it came.

The promise: when `append` returns, the record is on disk (written and fsynced), and `replay` yields it after any crash,
until `forget` has dropped its segment for age. Pushes that wait at the same time share one fsync, done in a thread.

A segment is a file of records, each a header (length, checksum, time of arrival, encoding) and the body. A process
always starts a new segment, so the tail that a crash has torn is never written to again. Replaying a record twice is
harmless, since a sample is identified by its series and timestamp.
"""

from __future__ import annotations

import asyncio
import logging
import os
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

SEGMENT_MAX_BYTES = 64 * 1024 * 1024
# As a part of the time that records are kept: so much longer than needed a record may stay.
SEGMENT_MAX_AGE_RATIO = 1 / 8
QUEUE_MAX_BYTES = 128 * 1024 * 1024

_MAGIC = b"MONWAL1\n"
# Length of the body; checksum of all that follows here; arrival in ms; encoding.
_HEADER = struct.Struct("<IIqB")


class WalError(Exception):
    """The record is not on disk, because the disk is full or failing."""


class WalBusy(Exception):
    """More is waiting to be written than memory should hold; come again later."""


class Record(NamedTuple):
    """A push: when it arrived (collector's clock), whether the body is gzip, and the body as it came."""

    arrived_ms: int
    is_gzip: bool
    body: bytes


class _Segment:
    """A file of records and the newest arrival in it (0: none)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.oldest_ms = 0
        self.newest_ms = 0


class Wal:
    """`keep_seconds` is how long records are kept. Raises OSError if the directory cannot be used."""

    def __init__(self, directory: Path, keep_seconds: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.fsyncs = 0
        self._directory = directory
        self._keep_seconds = keep_seconds
        self._segments = [_Segment(path) for path in sorted(directory.glob("*.wal"))]
        for segment in self._segments:
            segment.size = segment.path.stat().st_size
        self._file: FileIO | None = None
        self._waiting: list[tuple[Record, asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._flusher: asyncio.Task[None] | None = None
        self._executor = ThreadPoolExecutor(1, "wal")

    @property
    def size_bytes(self) -> int:
        return sum(segment.size for segment in self._segments)

    async def append(self, record: Record) -> None:
        """Returns when the record is on disk. Raises WalError when it cannot be, WalBusy when too many wait."""
        if self._waiting_bytes > QUEUE_MAX_BYTES:
            raise WalBusy
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((record, future))
        self._waiting_bytes += len(record.body)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        """Writes what waits, and what has come to wait meanwhile, until nothing does."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting, self._waiting_bytes = self._waiting, [], 0
            error = None
            try:
                await loop.run_in_executor(self._executor, self._write, [record for record, _ in group])
            except OSError as reason:
                log.error("cannot write to %s: %s", self._directory, reason.strerror or reason)
                error = WalError(str(reason.strerror or reason))
            for _, future in group:
                if future.done():  # its client has gone
                    continue
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
        self._flusher = None

    def _write(self, records: list[Record]) -> None:
        file = self._writable(records[0].arrived_ms)
        segment = self._segments[-1]
        data = memoryview(b"".join(map(_encode, records)))
        size = segment.size + len(data)
        try:
            while data:
                data = data[file.write(data) :]
            os.fdatasync(file.fileno())
        except OSError:
            self._abandon(file)
            raise
        self.fsyncs += 1
        segment.size = size
        segment.oldest_ms = segment.oldest_ms or records[0].arrived_ms
        segment.newest_ms = max(segment.newest_ms, *(record.arrived_ms for record in records))

    def _abandon(self, file: FileIO) -> None:
        """After a failed write or fsync nobody knows what the file holds, so nothing is added to it any more: it is
        cut back to what was acknowledged, and the next group begins another segment."""
        segment = self._segments[-1]
        self._file = None
        file.close()
        try:
            if segment.newest_ms:
                os.truncate(segment.path, segment.size)
            else:
                self._segments.pop()
                segment.path.unlink()
        except OSError as error:
            log.warning("cannot tidy %s: %s", segment.path, error.strerror)

    def _writable(self, now_ms: int) -> FileIO:
        if self._file is not None:
            segment = self._segments[-1]
            age_ms = now_ms - segment.oldest_ms
            if segment.size < SEGMENT_MAX_BYTES and age_ms < self._keep_seconds * 1000 * SEGMENT_MAX_AGE_RATIO:
                return self._file
            self._file.close()
            self._file = None
        number = int(self._segments[-1].path.stem) + 1 if self._segments else 1
        segment = _Segment(self._directory / f"{number:010d}.wal")
        file = FileIO(segment.path, "xb")
        self._segments.append(segment)
        try:
            segment.size = file.write(_MAGIC)
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

    def replay(self) -> Iterator[Record]:
        """The records of earlier runs, in the order of arrival. Call it before the first append."""
        for segment in self._segments:
            for record in _read(segment.path):
                segment.newest_ms = max(segment.newest_ms, record.arrived_ms)
                yield record

    async def forget(self, now_ms: int) -> None:
        """Deletes the segments in which every record is older than `keep_seconds`."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._forget, now_ms)

    def _forget(self, now_ms: int) -> None:
        oldest_ms = now_ms - self._keep_seconds * 1000
        kept = []
        for segment in self._segments:
            is_open = self._file is not None and segment is self._segments[-1]
            if is_open or segment.newest_ms >= oldest_ms:
                kept.append(segment)
            else:
                segment.path.unlink(missing_ok=True)
        self._segments = kept

    async def close(self) -> None:
        """Waits until everything that was appended is on disk."""
        if self._flusher is not None:
            await self._flusher
        self._executor.shutdown()
        if self._file is not None:
            self._file.close()
            self._file = None


def _encode(record: Record) -> bytes:
    tail = struct.pack("<qB", record.arrived_ms, record.is_gzip)
    checksum = zlib.crc32(record.body, zlib.crc32(tail))
    return struct.pack("<II", len(record.body), checksum) + tail + record.body


def _read(path: Path) -> Iterator[Record]:
    """The sound records of a segment, up to the first that is not."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if file.read(len(_MAGIC)) != _MAGIC:
            if size:
                log.warning("%s is no segment of this version's log: skipped", path)
            return
        while header := file.read(_HEADER.size):
            position = file.tell() - len(header)
            if len(header) < _HEADER.size:
                log.warning("%s: dropped a record torn by a crash at byte %d, never acknowledged", path, position)
                return
            length, checksum, arrived_ms, encoding = _HEADER.unpack(header)
            if file.tell() + length > size:
                log.warning("%s: dropped a record torn by a crash at byte %d, never acknowledged", path, position)
                return
            body = file.read(length)
            if zlib.crc32(body, zlib.crc32(header[8:])) != checksum or not length:
                lost = size - position
                log.error("%s: damaged at byte %d: skipped the %d bytes up to the next segment", path, position, lost)
                return
            yield Record(arrived_ms, bool(encoding), body)
