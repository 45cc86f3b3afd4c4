"""Reads blocks: only the columns that are asked for, and what was asked for lately from memory."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import cramjam
import numpy as np

from monitor_collector.blocks import columns
from monitor_collector.blocks.cache import Cache
from monitor_collector.blocks.columns import Kind
from monitor_collector.blocks.errors import BlockDamaged
from monitor_collector.blocks.joining import joined
from monitor_collector.blocks.layout import MAGIC, TABLE, TAIL
from monitor_collector.frame import MISSING_BITS, FrameRows
from monitor_collector.promql import Labels, Matcher, Series

_BYTES_PER_LABEL = 100

# Shared by all blocks: dashboards and rules ask for the same again and again.
_columns: Cache[np.ndarray] = Cache(128 * 1024 * 1024)
_labels: Cache[tuple[Labels, ...]] = Cache(128 * 1024 * 1024)
_chosen: Cache[np.ndarray] = Cache(32 * 1024 * 1024)
_numbers = count()


class _Part(NamedTuple):
    """A piece of the file."""

    offset: int
    length: int
    checksum: int


class _Frame(NamedTuple):
    """Where a frame's parts are."""

    name: str
    series: int
    rows: int
    samples: int
    oldest_ms: int
    newest_ms: int
    offset: int
    table: _Part
    labels: _Part
    labels_digest: str


class Block:
    """An open block. Times are Unix milliseconds. Any number of threads may read; BlockDamaged where that fails.

    `meta` are the integers that were given to `write_block`.
    """

    def __init__(self, path: Path, descriptor: int, meta: Mapping[str, int], frames: Sequence[_Frame]) -> None:
        self.path = path
        self.meta = meta
        self.size_bytes = os.fstat(descriptor).st_size
        self.series_count = sum(frame.series for frame in frames)
        self.sample_count = sum(frame.samples for frame in frames)
        self.oldest_ms = min((frame.oldest_ms for frame in frames), default=0)
        self.newest_ms = max((frame.newest_ms for frame in frames), default=-1)
        self._descriptor = descriptor
        self._frames = frames
        # Names what this block has in the caches, since another may come to have its path.
        self._number = next(_numbers)

    @classmethod
    def open(cls, path: Path) -> Block:
        """Reads the footer. Raises BlockDamaged, and OSError where the file cannot be opened at all."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return cls(path, descriptor, *_read_footer(path, descriptor))
        except BaseException:
            os.close(descriptor)
            raise

    def close(self) -> None:
        """Nothing may be read any more."""
        os.close(self._descriptor)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """The samples with start_ms < t <= end_ms of the series that all matchers match; series without any are left
        out. The series of one frame share their array of timestamps where none has a gap."""
        found: dict[Labels, Series] = {}
        for number, frame in enumerate(self._frames):
            if frame.newest_ms <= start_ms or frame.oldest_ms > end_ms:
                continue
            labels = self._labels(frame)
            chosen = self._choose(frame, labels, tuple(matchers))
            if not len(chosen):
                continue
            table, offsets = self._table(number, frame)
            timestamps = self._column(number, frame, 0, table, offsets)
            low, high = timestamps.searchsorted((start_ms, end_ms), side="right")
            if low == high:
                continue
            times = timestamps[low:high]
            for i in chosen.tolist():
                values = self._column(number, frame, i + 1, table, offsets)[low:high]
                if table["kind"][i + 1] in (Kind.WITH_GAPS, Kind.CONSTANT_WITH_GAPS):
                    is_there = values.view(np.uint64) != MISSING_BITS
                    if not is_there.any():
                        continue
                    one = Series(labels[i], times[is_there], values[is_there])
                else:
                    one = Series(labels[i], times, values)
                before = found.get(labels[i])
                found[labels[i]] = one if before is None else joined(before, one)
        return list(found.values())

    def labels(self) -> Iterator[Labels]:
        """Of all series; one that moved between frames comes several times."""
        for frame in self._frames:
            yield from self._labels(frame)

    def frame_names(self) -> list[str]:
        return [frame.name for frame in self._frames]

    def frames(self, name: str | None = None) -> Iterator[FrameRows]:
        """All frames, or those of that name, read anew."""
        for number, frame in enumerate(self._frames):
            if name is None or frame.name == name:
                yield self._rows(number, frame)

    def check(self) -> None:
        """Reads everything. Raises BlockDamaged."""
        for number, frame in enumerate(self._frames):
            # Not from memory, where they may be from another block or from before the damage.
            self._read_labels(frame)
            self._part(frame.table)
            self._rows(number, frame)

    def _rows(self, number: int, frame: _Frame) -> FrameRows:
        table, offsets = self._table(number, frame)
        timestamps = self._decode(frame, 0, table, offsets)
        values = np.empty((frame.series, frame.rows))
        for i in range(frame.series):
            values[i] = self._decode(frame, i + 1, table, offsets)
        return FrameRows(frame.name, self._labels(frame), timestamps, values)

    def _labels(self, frame: _Frame) -> tuple[Labels, ...]:
        # Blocks in a row have the same labels, which are kept once.
        return _labels.get(frame.labels_digest, partial(self._read_labels, frame))

    def _read_labels(self, frame: _Frame) -> tuple[tuple[Labels, ...], int]:
        read = json.loads(self._part(frame.labels))
        labels = tuple(tuple((name, value) for name, value in one) for one in read)
        if len(labels) != frame.series:
            raise BlockDamaged(self.path, f"the labels of {frame.name!r} are not those of its columns")
        return labels, sum(map(len, labels)) * _BYTES_PER_LABEL

    def _choose(self, frame: _Frame, labels: tuple[Labels, ...], matchers: tuple[Matcher, ...]) -> np.ndarray:
        return _chosen.get((frame.labels_digest, matchers), partial(_matching, labels, matchers))

    def _table(self, number: int, frame: _Frame) -> tuple[np.ndarray, np.ndarray]:
        """The table of the columns, and where each begins."""

        def read() -> tuple[np.ndarray, int]:
            table = np.frombuffer(self._part(frame.table), TABLE)
            if len(table) != frame.series + 1:
                raise BlockDamaged(self.path, f"the table of {frame.name!r} is not that of its columns")
            return table, table.nbytes

        table = _columns.get((self._number, number, "table"), read)
        return table, frame.offset + np.concatenate(([0], np.cumsum(table["length"][:-1], dtype=np.int64)))

    def _column(self, number: int, frame: _Frame, i: int, table: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        def read() -> tuple[np.ndarray, int]:
            column = self._decode(frame, i, table, offsets)
            column.flags.writeable = False
            return column, column.nbytes

        return _columns.get((self._number, number, i), read)

    def _decode(self, frame: _Frame, i: int, table: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        _, length, checksum = table[i].tolist()
        content = self._read(_Part(int(offsets[i]), length, checksum))
        try:
            kind = Kind(int(table["kind"][i]))
            column = columns.decode_times(content) if not i else columns.decode(kind, content, frame.rows)
        except Exception as error:
            raise BlockDamaged(self.path, f"column {i} of {frame.name!r}: {error}") from None
        if len(column) != frame.rows:
            raise BlockDamaged(self.path, f"column {i} of {frame.name!r} has {len(column)} of {frame.rows} rows")
        return column

    def _part(self, part: _Part) -> bytes:
        return bytes(cramjam.zstd.decompress(self._read(part)))

    def _read(self, part: _Part) -> bytes:
        return _read(self.path, self._descriptor, part)


def _matching(labels: tuple[Labels, ...], matchers: tuple[Matcher, ...]) -> tuple[np.ndarray, int]:
    """The numbers of the series that all matchers match, and the size of the array."""
    chosen = []
    for i, one in enumerate(labels):
        values = dict(one)
        if all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers):
            chosen.append(i)
    numbers = np.array(chosen, dtype=np.intp)
    return numbers, numbers.nbytes + 200


def _read(path: Path, descriptor: int, part: _Part) -> bytes:
    try:
        content = os.pread(descriptor, part.length, part.offset)
    except OSError as error:
        raise BlockDamaged(path, f"byte {part.offset} cannot be read: {error.strerror}") from None
    if len(content) != part.length or zlib.crc32(content) != part.checksum:
        raise BlockDamaged(path, f"the {part.length} bytes at {part.offset} are not what was written there")
    return content


def _read_footer(path: Path, descriptor: int) -> tuple[Mapping[str, int], list[_Frame]]:
    size = os.fstat(descriptor).st_size
    if size < len(MAGIC) + TAIL.size or os.pread(descriptor, len(MAGIC), 0) != MAGIC:
        raise BlockDamaged(path, "it does not begin like a block of this version")
    offset, length, checksum, magic = TAIL.unpack(os.pread(descriptor, TAIL.size, size - TAIL.size))
    if magic != MAGIC or offset + length + TAIL.size != size:
        raise BlockDamaged(path, "it does not end like a block of this version")
    footer = json.loads(bytes(cramjam.zstd.decompress(_read(path, descriptor, _Part(offset, length, checksum)))))
    frames = [
        _Frame(**{**frame, "table": _Part(*frame["table"]), "labels": _Part(*frame["labels"])})
        for frame in footer["frames"]
    ]
    return footer["meta"], frames
