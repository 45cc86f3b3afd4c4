"""A frame as it stands in a block: its times, and its columns one by one."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from monitor_collector.blocks import columns
from monitor_collector.blocks.columns import GAPS, ColumnDamaged, Kind
from monitor_collector.blocks.errors import BlockDamaged
from monitor_collector.blocks.format import Part, read_bytes, read_part
from monitor_collector.frame import MISSING_BITS

# What pcodec, zlib and numpy raise for content that was never written by them.
_DECODING_ERRORS = (ColumnDamaged, zlib.error, RuntimeError, TypeError, ValueError)

# What the head has of each column: kind, length and constant.
_TABLE_BYTES = 1 + 4 + 8


class StoredFrame:
    """`timestamps` is int64 ms (rows,), ascending. Everything that reads raises BlockDamaged."""

    def __init__(self, path: Path, descriptor: int, head: Part, series: int, rows: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._place = f"the frame at byte {head.offset}"
        content = read_part(path, descriptor, head)
        times_end = 4 + int.from_bytes(content[:4], "little")
        if len(content) != times_end + series * _TABLE_BYTES:
            raise BlockDamaged(path, f"{self._place} has a head of {len(content)} bytes")
        lengths_start, constants_start = times_end + series, times_end + series * 5
        self._kinds = content[times_end:lengths_start]
        lengths = np.frombuffer(content[lengths_start:constants_start], "<u4")
        self._constants = np.frombuffer(content[constants_start:], "<f8")
        self._offsets = np.full(series + 1, head.offset + head.length, np.int64)
        self._offsets[1:] += np.cumsum(lengths, dtype=np.int64)
        try:
            self.timestamps = columns.decode_times(content[4:times_end])
        except _DECODING_ERRORS as error:
            raise BlockDamaged(path, f"the times of {self._place}: {error}") from None
        if len(self.timestamps) != rows:
            raise BlockDamaged(path, f"{self._place} has {len(self.timestamps)} times, not {rows}")
        self.timestamps.flags.writeable = False

    @property
    def size_bytes(self) -> int:
        """In memory."""
        return self.timestamps.nbytes + len(self._kinds) + self._offsets.nbytes + self._constants.nbytes

    def constant(self, i: int) -> float | None:
        """What a column is in every row, None where it is not constant."""
        return float(self._constants[i]) if self._kinds[i] == Kind.CONSTANT else None

    def has_gaps(self, i: int) -> bool:
        return self._kinds[i] >= GAPS

    def column_bytes(self, i: int) -> int:
        """In the file."""
        return _TABLE_BYTES + int(self._offsets[i + 1] - self._offsets[i])

    def sample_count(self, i: int) -> int:
        """Of a column."""
        if not self.has_gaps(i):
            return len(self.timestamps)
        return int((self.column(i).view(np.uint64) != MISSING_BITS).sum())

    def column(self, i: int) -> np.ndarray:
        """float64 (rows,), read and decoded."""
        offset, end = int(self._offsets[i]), int(self._offsets[i + 1])
        content = read_bytes(self._path, self._descriptor, offset, end - offset) if end > offset else b""
        try:
            return columns.decode(self._kinds[i], float(self._constants[i]), content, len(self.timestamps))
        except _DECODING_ERRORS as error:
            raise BlockDamaged(self._path, f"column {i} of {self._place}: {error}") from None
