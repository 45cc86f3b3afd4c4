"""A frame: the recent samples of series that arrive together, usually those of one host.

Rows are timestamps, columns are series. Rows live in chunks of `CHUNK_ROWS`, so appending is writing one row,
forgetting the past is dropping a chunk, and a row that arrives late costs one chunk's copy.

One thread writes while any number read, without locks. A reader takes the tuple of chunks and each chunk's length
once; what lies below a length never changes except that a cell without a sample may get one (a single aligned
8-byte store). Everything else that would change it (a late row, another width) makes new chunks and puts a new tuple
in place of the old.

A chunk *is stored* when a block holds all of its samples. Rows are never added at the end of such a chunk, and a late
sample makes it one that is not stored.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from monitor_collector.promql import Labels

CHUNK_ROWS = 256

# The bits of a cell without a sample: a NaN that no arithmetic produces, different from Prometheus' stale marker.
MISSING_BITS = 0x7FF8_6D69_7373_0001
MISSING = struct.unpack("<d", struct.pack("<Q", MISSING_BITS))[0]


class FrameRows(NamedTuple):
    """Rows of a frame as they are written to a block and read from it.

    `timestamps` is int64 ms (rows,), ascending, each once. `values` is float64 (series, rows), a cell without a sample
    has `MISSING_BITS`.
    """

    name: str
    series: tuple[Labels, ...]
    timestamps: np.ndarray
    values: np.ndarray


class Chunk:
    """Up to `CHUNK_ROWS` rows, ascending by timestamp (ms). Rows at and beyond `length` are not there yet."""

    __slots__ = ("is_stored", "length", "timestamps", "values")

    def __init__(self, timestamps: np.ndarray, values: np.ndarray, length: int) -> None:
        self.timestamps = timestamps
        self.values = values
        self.length = length
        self.is_stored = False

    @classmethod
    def empty(cls, width: int) -> Chunk:
        return cls(np.empty(CHUNK_ROWS, np.int64), np.empty((CHUNK_ROWS, width), np.float64), 0)

    @property
    def width(self) -> int:
        return self.values.shape[1]

    @property
    def size_bytes(self) -> int:
        """Of the rows that are there."""
        return self.length * (self.width + 1) * 8

    @property
    def first(self) -> int:
        return int(self.timestamps[0])

    @property
    def last(self) -> int:
        return int(self.timestamps[self.length - 1])

    def put(self, row: int, timestamp_ms: int, columns: np.ndarray, values: np.ndarray) -> None:
        """Writes a row that readers do not see yet."""
        self.timestamps[row] = timestamp_ms
        cells = self.values[row]
        if len(columns) < self.width:
            cells.fill(MISSING)
        cells[columns] = values

    def opened_at(self, row: int, width: int) -> Chunk:
        """A copy, `width` wide, with room for one more row at `row`, whose cells are all missing."""
        copy = Chunk.empty(width)
        copy.values[: self.length + 1].fill(MISSING)
        for source, target in ((slice(0, row), slice(0, row)), (slice(row, self.length), slice(row + 1, None))):
            count = len(range(*source.indices(self.length)))
            stop = target.start + count
            copy.timestamps[target.start : stop] = self.timestamps[source]
            copy.values[target.start : stop, : self.width] = self.values[source]
        copy.length = self.length + 1
        return copy

    def widened(self, width: int) -> Chunk:
        copy = Chunk.empty(width)
        copy.timestamps[: self.length] = self.timestamps[: self.length]
        copy.values[: self.length].fill(MISSING)
        copy.values[: self.length, : self.width] = self.values[: self.length]
        copy.length = self.length
        return copy

    def halves(self) -> tuple[Chunk, Chunk]:
        middle = self.length // 2
        lower, upper = Chunk.empty(self.width), Chunk.empty(self.width)
        for half, rows in ((lower, slice(0, middle)), (upper, slice(middle, self.length))):
            half.length = rows.stop - rows.start
            half.timestamps[: half.length] = self.timestamps[rows]
            half.values[: half.length] = self.values[rows]
        return lower, upper

    def only(self, columns: np.ndarray) -> Chunk:
        """A copy with these columns alone, in this order; those it does not have are missing."""
        copy = Chunk.empty(len(columns))
        copy.is_stored = self.is_stored
        here = columns < self.width
        copy.timestamps[: self.length] = self.timestamps[: self.length]
        copy.values[: self.length].fill(MISSING)
        copy.values[: self.length, here] = self.values[: self.length, columns[here]]
        copy.length = self.length
        return copy


class Frame:
    """`series` are the labels of each column; `add_column` makes one more and returns its number.

    `changes` counts what was written, `rewrites` what of it was more than a row at the end. Both are counted when it is
    there to be read, so who has noted them before reading knows by them later what to read again.
    """

    __slots__ = ("changes", "chunks", "rewrites", "series")

    def __init__(self, series: list[Labels] | None = None, chunks: tuple[Chunk, ...] = ()) -> None:
        self.series = series or []
        self.chunks = chunks
        self.changes = 0
        self.rewrites = 0

    @property
    def width(self) -> int:
        return len(self.series)

    def add_column(self, labels: Labels) -> int:
        self.series.append(labels)
        return len(self.series) - 1

    def write(self, timestamp_ms: int, columns: np.ndarray, values: np.ndarray) -> int:
        """Stores the samples of one moment, each column at most once; returns how many of them were new.

        A sample that is there already stays as it is, whatever the new value.
        """
        chunks = self.chunks
        if chunks and timestamp_ms <= chunks[-1].last:
            stored = self._write_late(timestamp_ms, columns, values)
            self.rewrites += 1
            self.changes += 1
            return stored
        last = chunks[-1] if chunks else None
        if last is None or last.is_stored or last.length == CHUNK_ROWS or last.width < self.width:
            chunk = Chunk.empty(self.width)
            chunk.put(0, timestamp_ms, columns, values)
            chunk.length = 1
            # A frame whose series keep changing must not become a chain of nearly empty chunks.
            if last is not None and not last.is_stored and last.length <= CHUNK_ROWS // 2:
                chunk = last.widened(self.width)
                chunk.put(chunk.length, timestamp_ms, columns, values)
                chunk.length += 1
                chunks = chunks[:-1]
            self.chunks = (*chunks, chunk)
        else:
            last.put(last.length, timestamp_ms, columns, values)
            last.length += 1
        self.changes += 1
        return len(columns)

    def _write_late(self, timestamp_ms: int, columns: np.ndarray, values: np.ndarray) -> int:
        chunks = self.chunks
        index = next((i for i in range(len(chunks) - 1, 0, -1) if chunks[i].first <= timestamp_ms), 0)
        chunk = chunks[index]
        row = int(np.searchsorted(chunk.timestamps[: chunk.length], timestamp_ms))
        is_new_row = row == chunk.length or int(chunk.timestamps[row]) != timestamp_ms
        if is_new_row and chunk.length == CHUNK_ROWS:
            self.chunks = (*chunks[:index], *chunk.halves(), *chunks[index + 1 :])
            return self._write_late(timestamp_ms, columns, values)
        if is_new_row:
            chunk = chunk.opened_at(row, self.width)
            chunk.timestamps[row] = timestamp_ms
        elif chunk.width <= columns.max(initial=-1):
            chunk = chunk.widened(self.width)
        free = chunk.values[row].view(np.uint64)[columns] == MISSING_BITS
        if free.any():
            chunk.is_stored = False
        chunk.values[row, columns[free]] = values[free]
        if chunk is not chunks[index]:
            self.chunks = (*chunks[:index], chunk, *chunks[index + 1 :])
        return int(free.sum())

    def read(self, columns: np.ndarray, start_ms: int, end_ms: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The rows with start_ms < t <= end_ms: timestamps (rows,), values (columns, rows), and where samples are
        missing (bool, as values), None where none is."""
        timestamps, blocks = [], []
        width = int(columns.max(initial=-1)) + 1
        for chunk in self.chunks:
            stamps = chunk.timestamps[: chunk.length]
            low, high = stamps.searchsorted(start_ms, "right"), stamps.searchsorted(end_ms, "right")
            if low == high:
                continue
            timestamps.append(stamps[low:high])
            if chunk.width >= width:
                blocks.append(chunk.values[low:high].T[columns])
            else:
                block = np.full((len(columns), high - low), MISSING)
                here = columns < chunk.width
                block[here] = chunk.values[low:high].T[columns[here]]
                blocks.append(block)
        if not timestamps:
            return np.empty(0, np.int64), np.empty((len(columns), 0)), None
        stamps = timestamps[0] if len(timestamps) == 1 else np.concatenate(timestamps)
        values = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
        missing = values.view(np.uint64) == MISSING_BITS
        return stamps, values, missing if missing.any() else None

    def has_samples(self, columns: np.ndarray, start_ms: int, end_ms: int) -> np.ndarray:
        """Whether each column has a sample with start_ms < t <= end_ms, bool (columns,). Looks at few rows, the newest
        first, while there are few gaps."""
        found = np.zeros(len(columns), bool)
        for chunk in reversed(self.chunks):
            stamps = chunk.timestamps[: chunk.length]
            low, high = stamps.searchsorted(start_ms, "right"), stamps.searchsorted(end_ms, "right")
            for rows in (slice(max(low, high - 1), high), slice(low, high)):
                open_ = np.flatnonzero(~found & (columns < chunk.width))
                if not len(open_):
                    break
                cells = chunk.values[rows].view(np.uint64)
                found[open_] = (cells != MISSING_BITS).any(axis=0)[columns[open_]]
        return found

    def unstored(self) -> list[tuple[Chunk, int]]:
        """The chunks that are not stored, with their lengths; from now on they count as stored."""
        found = [(chunk, chunk.length) for chunk in self.chunks if not chunk.is_stored]
        for chunk, _ in found:
            chunk.is_stored = True
        return found

    def stored_before(self, oldest_ms: int) -> list[Chunk]:
        """The stored chunks whose rows are all older."""
        return [chunk for chunk in self.chunks if chunk.is_stored and chunk.last < oldest_ms]

    def drop(self, chunks: list[Chunk]) -> None:
        self.chunks = tuple(chunk for chunk in self.chunks if chunk not in chunks)

    def live_columns(self) -> np.ndarray:
        """The numbers of the columns that hold a sample, ascending."""
        live = np.zeros(self.width, bool)
        for chunk in self.chunks:
            values = chunk.values[: chunk.length].view(np.uint64)
            live[: chunk.width] |= (values != MISSING_BITS).any(axis=0)
        return np.flatnonzero(live)

    def only(self, columns: np.ndarray) -> Frame:
        """Another frame with these columns alone, renumbered from 0; this one stays for who reads it still."""
        return Frame([self.series[i] for i in columns], tuple(chunk.only(columns) for chunk in self.chunks))
