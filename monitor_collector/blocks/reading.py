"""Reads blocks: only the columns that are asked for, and what was asked for lately from memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from monitor_collector.blocks.cache import Cache
from monitor_collector.blocks.errors import BlockDamaged
from monitor_collector.blocks.index import Index
from monitor_collector.blocks.joining import joined
from monitor_collector.blocks.stored_frame import StoredFrame
from monitor_collector.frame import MISSING_BITS, FrameRows
from monitor_collector.promql import Labels, Matcher, Series

# Shared by all blocks: dashboards and rules ask for the same columns again and again.
_memory: Cache[Any] = Cache(160 * 1024 * 1024)
_numbers = count()
_EARLIEST_MS = -(1 << 63)


class Block:
    """An open block. Times are Unix milliseconds. Any number of threads may read; BlockDamaged where that fails.

    `meta` are the integers that were given to `write_block`. Without samples `oldest_ms` is 0 and `newest_ms` -1.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._descriptor = descriptor
        self._index = Index(path, descriptor)
        # Names what this block has in memory, since another may come to have its path.
        self._number = next(_numbers)
        frames = self._index.frames
        self.path = path
        self.meta: Mapping[str, int] = self._index.meta
        self.size_bytes = os.fstat(descriptor).st_size
        # The part of it that is labels and where things are.
        self.index_bytes = self.size_bytes - self._index.starts_at
        self.series_count = int(frames["series"].sum())
        self.sample_count = int(frames["samples"].sum())
        self.oldest_ms = int(frames["oldest_ms"].min()) if len(frames) else 0
        self.newest_ms = int(frames["newest_ms"].max()) if len(frames) else -1

    @classmethod
    def open(cls, path: Path) -> Block:
        """Reads footer and index. Raises BlockDamaged, and OSError where the file cannot be opened at all."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return cls(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def close(self) -> None:
        """Nothing may be read any more."""
        os.close(self._descriptor)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """The samples with start_ms < t <= end_ms of the series that all matchers match; series without any are left
        out. The series of one frame share their array of timestamps where none has a gap."""
        selected: dict[Labels, Series] = {}
        for number, found in self._index.find(tuple(matchers)):
            entry = self._index.entry(number)
            if entry.newest_ms <= start_ms or entry.oldest_ms > end_ms:
                continue
            frame = _memory.get((self._number, number), partial(self._frame, number))
            low, high = frame.timestamps.searchsorted((start_ms, end_ms), side="right").tolist()
            if low >= high:
                continue
            times = frame.timestamps[low:high]
            for i, labels in zip(found.columns, found.labels, strict=True):
                one = Series(labels, times, self._values(frame, number, i, low, high))
                if frame.has_gaps(i):
                    is_there = one.values.view(np.uint64) != MISSING_BITS
                    if not is_there.any():
                        continue
                    one = Series(labels, times[is_there], one.values[is_there])
                # A series that has moved from one frame to another is in both.
                before = selected.get(labels)
                selected[labels] = one if before is None else joined(before, one)
        return list(selected.values())

    def labels(self, matchers: Sequence[Matcher] = ()) -> Iterator[Labels]:
        """Of the series that all matchers match; one that has moved between frames comes several times."""
        if matchers:
            for _, found in self._index.find(tuple(matchers)):
                yield from found.labels
            return
        # One frame at a time: those of all hosts are not to be remembered.
        for number in range(len(self._index)):
            yield from self._index.labels(number)

    def labels_between(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[list[Labels]]:
        """Of the series that all matchers match, frame by frame, without reading any samples: the frames whose samples
        of all series reach into start_ms < t <= end_ms. Mostly the identical list for one host in several blocks."""
        for number, found in self._index.find(tuple(matchers)):
            entry = self._index.entry(number)
            if entry.newest_ms > start_ms and entry.oldest_ms <= end_ms:
                yield found.labels

    def columns(self) -> Iterator[tuple[Labels, int, int]]:
        """Of each column: the labels, its bytes in the file, and its samples."""
        for number in range(len(self._index)):
            frame, _ = self._frame(number)
            for i, labels in enumerate(self._index.labels(number)):
                yield labels, frame.column_bytes(i), frame.sample_count(i)

    def frame_names(self) -> list[str]:
        """In the order that they are stored in."""
        return self._index.names.names

    def frames(self, since_ms: int = _EARLIEST_MS) -> Iterator[FrameRows]:
        """What the block holds with t > since_ms, one frame at a time; frames without are left out."""
        for number, name in enumerate(self.frame_names()):
            if self._index.entry(number).newest_ms <= since_ms:
                continue
            frame, _ = self._frame(number)
            labels = self._index.labels(number)
            start = int(frame.timestamps.searchsorted(since_ms, side="right"))
            values = np.empty((len(labels), len(frame.timestamps) - start))
            for i, row in enumerate(values):
                row[:] = frame.column(i)[start:]
            yield FrameRows(name, labels, frame.timestamps[start:], values)

    def stored_frames(self, name: str) -> Iterator[tuple[tuple[Labels, ...], StoredFrame]]:
        """The frames of that name, with the labels of their columns, to be read column by column."""
        for number in self._index.names.numbers.get(name, ()):
            yield self._index.labels(number), self._frame(number)[0]

    def check(self) -> None:
        """Reads everything, from the file and not from memory. Raises BlockDamaged."""
        self._index.check()
        for number in range(len(self._index)):
            entry = self._index.entry(number)
            frame, _ = self._frame(number)
            samples = 0
            for i in range(entry.series):
                frame.column(i)
                samples += frame.sample_count(i)
            if samples != entry.samples:
                raise BlockDamaged(self.path, f"frame {number} has {samples} samples, not {entry.samples}")

    def _frame(self, number: int) -> tuple[StoredFrame, int]:
        """Read anew; with its size in memory."""
        entry = self._index.entry(number)
        frame = StoredFrame(self.path, self._descriptor, entry.head, entry.series, entry.rows)
        return frame, frame.size_bytes

    def _values(self, frame: StoredFrame, number: int, i: int, low: int, high: int) -> np.ndarray:
        constant = frame.constant(i)
        if constant is not None:
            return np.full(high - low, constant)

        def read() -> tuple[np.ndarray, int]:
            column = frame.column(i)
            column.flags.writeable = False
            return column, column.nbytes

        return _memory.get((self._number, number, i), read)[low:high]
