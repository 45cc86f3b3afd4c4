"""How records stand in a segment of the write-ahead log, and how they are read again, past what is damaged.

A segment begins with MAGIC; each record is a header (length of the body, checksum of all that follows it in the record,
time of arrival in ms, encoding) and the body. Where bytes are no sound record, reading goes on with the next that is.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from enum import Enum, IntEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

MAGIC = b"MONWAL1\n"
_HEADER = struct.Struct("<IIqB")
_CHECKED = struct.Struct("<qB")
_WINDOW_MIN_BYTES, _WINDOW_MAX_BYTES = 4096, 1024 * 1024
# What a search may read in all: bytes that look like headers everywhere must not make the start take hours. Each look
# counts as a page at least.
_SEARCH_MAX_BYTES = 512 * 1024 * 1024
_LOOK_BYTES = 4096


class Encoding(IntEnum):
    """How the body of a record is to be read. Numbers are never used again for something else."""

    TEXT = 0
    TEXT_GZIP = 1
    REMOTE_WRITE_1 = 2
    REMOTE_WRITE_2 = 3
    OWN_SERIES = 4
    OWN_VALUES = 5


class Record(NamedTuple):
    """A push: when it arrived (collector's clock), and the body as it came. Or samples of the collector's own."""

    arrived_ms: int
    encoding: Encoding
    body: bytes


class Flaw(Enum):
    """Why bytes are skipped."""

    TORN = "are a record torn by a crash, never acknowledged"
    DAMAGED = "are damaged"
    NEWER = "are a record that a newer version has written"
    FOREIGN = "are no segment of this version's log"


class Skipped(NamedTuple):
    """Bytes of a segment that are no sound record."""

    position: int
    size: int
    flaw: Flaw

    def __str__(self) -> str:
        return f"{self.size} bytes from byte {self.position} {self.flaw.value}: skipped"


def encode_record(record: Record) -> bytes:
    tail = _CHECKED.pack(record.arrived_ms, record.encoding)
    checksum = zlib.crc32(record.body, zlib.crc32(tail))
    return struct.pack("<II", len(record.body), checksum) + tail + record.body


def read_segment(path: Path) -> Iterator[Record | Skipped]:
    """All bytes of the file, in their order. Raises OSError."""
    with path.open("rb") as file:
        segment = _Segment(file)
        position = len(MAGIC) if file.read(len(MAGIC)) == MAGIC else 0
        while position < segment.size:
            found = segment.record_at(position)
            if found is None:
                found = segment.skipped_at(position)
            yield found
            position += found.size if isinstance(found, Skipped) else _HEADER.size + len(found.body)


class _Segment:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        self._searched_bytes = 0

    def record_at(self, position: int) -> Record | Skipped | None:
        """None if there is no sound one."""
        self._file.seek(position)
        header = self._file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        length, checksum, arrived_ms, encoding = _HEADER.unpack(header)
        if not 0 < length <= self.size - position - _HEADER.size:
            return None
        body = self._file.read(length)
        if zlib.crc32(body, zlib.crc32(header[-_CHECKED.size :])) != checksum:
            return None
        try:
            return Record(arrived_ms, Encoding(encoding), body)
        except ValueError:
            return Skipped(position, _HEADER.size + length, Flaw.NEWER)

    def skipped_at(self, position: int) -> Skipped:
        """What lies between a position and the next sound record."""
        following = self._next_sound(position + 1)
        if following is not None:
            return Skipped(position, following - position, Flaw.DAMAGED)
        return Skipped(position, self.size - position, self._flaw_of_end(position))

    def _next_sound(self, start: int) -> int | None:
        for position, length in self._possible_headers(start):
            self._searched_bytes += max(_HEADER.size + length, _LOOK_BYTES)
            if self._searched_bytes > _SEARCH_MAX_BYTES:
                return None
            if self.record_at(position) is not None:
                return position
        return None

    def _possible_headers(self, start: int) -> Iterator[tuple[int, int]]:
        """Where a header may be, and the length of the body by it: one that ends in the file, with a time before the
        year 10000 and a known encoding."""
        # Mostly the next record is near.
        window_bytes = _WINDOW_MIN_BYTES
        while start < self.size - _HEADER.size:
            self._file.seek(start)
            octets = np.frombuffer(self._file.read(window_bytes + _HEADER.size - 1), np.uint8)
            headers = np.lib.stride_tricks.sliding_window_view(octets, _HEADER.size)
            is_possible = (headers[:, 15] == 0) & (headers[:, 14] == 0) & (headers[:, 16] <= max(Encoding))
            is_possible &= (headers[:, 0] | headers[:, 1] | headers[:, 2] | headers[:, 3]) > 0
            offsets = np.flatnonzero(is_possible)
            lengths = headers[offsets, :4].view("<u4")[:, 0]
            fits = lengths <= self.size - _HEADER.size - start - offsets
            yield from zip((start + offsets[fits]).tolist(), lengths[fits].tolist(), strict=True)
            start += window_bytes
            window_bytes = min(2 * window_bytes, _WINDOW_MAX_BYTES)

    def _flaw_of_end(self, position: int) -> Flaw:
        """Of bytes up to the end of the file. A crash leaves a record that would end behind it, a power cut zeros."""
        if position == 0:
            return Flaw.FOREIGN
        self._file.seek(position)
        rest = self._file.read(self.size - position)
        length = int.from_bytes(rest[:4], "little")
        is_torn = _HEADER.size + length > len(rest) or not rest.strip(b"\0")
        return Flaw.TORN if is_torn else Flaw.DAMAGED
