"""The recent samples, in memory: one frame for each host, and an index to find series by their labels.

A sample is identified by its series and its timestamp: whatever arrives a second time changes nothing. One thread
writes (append, cut, forget); any number may select at the same time (see `frame` for why that is safe). Nothing is
forgotten before a cut has taken it and said that it is stored in a block.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from monitor_collector.frame import MISSING, MISSING_BITS, Chunk, Frame, FrameRows
from monitor_collector.promql import Labels, Matcher, Series
from monitor_collector.samples import Batch, Layout, instance_of
from monitor_collector.series_index import Match, Place, SeriesIndex

_HOST_FRAME = "instance "


class _Part(NamedTuple):
    """The series of a layout that live in one frame: their positions in the layout and their columns."""

    frame: Frame
    positions: np.ndarray
    columns: np.ndarray
    is_distinct: bool


class SeriesCounts(NamedTuple):
    """How many series there are: of each host, and in total."""

    hosts: dict[str, int]
    total: int


class Cut:
    """The samples that no block had at one moment, as frames for a block, which another thread may read."""

    def __init__(self, parts: list[tuple[str, tuple[Labels, ...], list[tuple[Chunk, int]]]]) -> None:
        self._parts = parts

    def __bool__(self) -> bool:
        return bool(self._parts)

    def frames(self) -> Iterator[FrameRows]:
        for name, series, chunks in self._parts:
            yield FrameRows(name, series, *_rows(chunks, len(series)))

    def undo(self) -> None:
        """After the block could not be written."""
        for _, _, chunks in self._parts:
            for chunk, _ in chunks:
                chunk.is_stored = False


def _rows(chunks: list[tuple[Chunk, int]], width: int) -> tuple[np.ndarray, np.ndarray]:
    """Timestamps (rows,) and values (series, rows) of chunks that follow each other."""
    timestamps = np.concatenate([chunk.timestamps[:length] for chunk, length in chunks])
    values = np.full((width, len(timestamps)), MISSING)
    start = 0
    for chunk, length in chunks:
        values[: chunk.width, start : start + length] = chunk.values[:length].T
        start += length
    return timestamps, values


class Head:
    """Recent samples; `window_seconds` is how long those are kept that blocks have too.

    `forgotten_ms` is the newest time of any sample that was forgotten: from then on all samples are here. `changes`
    counts what was stored since the start, `generation` how often series have moved to other frames.
    """

    def __init__(self, window_seconds: int) -> None:
        self.window_seconds = window_seconds
        self.forgotten_ms = -1
        self.changes = 0
        self.generation = 0
        self._frames: dict[str, Frame] = {}
        self._series: dict[Labels, Place] = {}
        self._index = SeriesIndex()
        self._own_layouts: dict[str, Layout] = {}
        self._parts: WeakKeyDictionary[Layout, list[_Part]] = WeakKeyDictionary()

    @property
    def series_count(self) -> int:
        return len(self._series)

    @property
    def newest_ms(self) -> int:
        """The newest time of any sample, -1 if there is none."""
        return max((frame.chunks[-1].last for frame in self._frames.values() if frame.chunks), default=-1)

    def host_times_ms(self) -> list[int]:
        """The newest time of what each host has pushed."""
        frames = [frame for name, frame in self._frames.items() if name.startswith(_HOST_FRAME)]
        return [frame.chunks[-1].last for frame in frames if frame.chunks]

    @property
    def memory_bytes(self) -> int:
        """Of the samples alone."""
        return sum(chunk.size_bytes for frame in self._frames.values() for chunk in frame.chunks)

    @property
    def unstored_bytes(self) -> int:
        """Of the samples that no block has yet."""
        chunks = (chunk for frame in self._frames.values() for chunk in frame.chunks)
        return sum(chunk.size_bytes for chunk in chunks if not chunk.is_stored)

    def knows(self, layout: Layout) -> bool:
        """Whether all series of the layout are here."""
        return layout in self._parts

    def series_counts_with(self, layout: Layout) -> SeriesCounts:
        """What there would be with the series of a layout: of each of its hosts, and in total."""
        added = Counter(instance_of(labels) for labels in set(layout.series) if labels not in self._series)
        frames = {instance: self._frames.get(f"{_HOST_FRAME}{instance}") for instance in layout.instances}
        hosts = {name: (frame.width if frame else 0) + added[name] for name, frame in frames.items()}
        return SeriesCounts(hosts, len(self._series) + added.total())

    def append(self, batch: Batch) -> int:
        """Stores a batch; returns how many of its samples were new."""
        if not len(batch):
            return 0
        parts = self._parts.get(batch.layout)
        if parts is None:
            parts = self._parts[batch.layout] = self._place(batch.layout)
        stored = 0
        for part in parts:
            whole = len(part.positions) == len(batch)
            values = batch.values if whole else batch.values[part.positions]
            if isinstance(batch.timestamps_ms, int):
                stored += _write_row(part.frame, batch.timestamps_ms, part.columns, values, part.is_distinct)
                continue
            timestamps = batch.timestamps_ms if whole else batch.timestamps_ms[part.positions]
            for timestamp in np.unique(timestamps):
                row = np.flatnonzero(timestamps == timestamp)
                stored += _write_row(part.frame, int(timestamp), part.columns[row], values[row], part.is_distinct)
        self.changes += 1
        return stored

    def append_own(self, frame: str, samples: Sequence[tuple[Labels, float]], at_ms: int) -> Batch:
        """Stores series that the collector makes itself, all at one moment, in a frame of their own."""
        series, values = zip(*samples, strict=True) if samples else ((), ())
        layout = self._own_layouts.get(frame)
        if layout is None or layout.series != series:
            layout = self._own_layouts[frame] = Layout(series, frame)
        batch = Batch(layout, np.array(values, dtype=np.float64), at_ms)
        self.append(batch)
        return batch

    def restore(self, rows: FrameRows) -> None:
        """Takes up what a block has. Until the next `cut` it counts as not stored."""
        is_there = rows.values.view(np.uint64) != MISSING_BITS
        live = np.flatnonzero(is_there.any(axis=1))
        for part in self._place(Layout([rows.series[i] for i in live], rows.name)):
            values, present = rows.values[live[part.positions]], is_there[live[part.positions]]
            for row in np.flatnonzero(present.any(axis=0)).tolist():
                here = present[:, row]
                part.frame.write(int(rows.timestamps[row]), part.columns[here], values[here, row])
        self.changes += 1

    def _place(self, layout: Layout) -> list[_Part]:
        per_frame: dict[Frame, list[tuple[int, int]]] = defaultdict(list)
        for position, labels in enumerate(layout.series):
            place = self._series.get(labels)
            if place is None:
                place = self._add_series(labels, layout.frame or f"{_HOST_FRAME}{instance_of(labels)}")
            per_frame[place.frame].append((position, place.column))
        parts = []
        for frame, pairs in per_frame.items():
            positions, columns = np.array(pairs, dtype=np.intp).T
            parts.append(_Part(frame, positions, columns.copy(), len(set(columns.tolist())) == len(columns)))
        return parts

    def _add_series(self, labels: Labels, frame_name: str) -> Place:
        frame = self._frames.setdefault(frame_name, Frame())
        place = self._series[labels] = Place(frame, frame.add_column(labels))
        self._index.add(labels, place)
        return place

    def cut(self) -> Cut:
        """What no block has yet; it counts as stored until `Cut.undo`."""
        parts = [(name, tuple(frame.series), frame.unstored()) for name, frame in self._frames.items()]
        return Cut([part for part in parts if part[2]])

    def forget(self, now_ms: int) -> None:
        """Drops what is stored and older than the window, and the series that have no sample left."""
        oldest_ms = now_ms - self.window_seconds * 1000
        replaced: dict[Frame, tuple[np.ndarray, Frame]] = {}
        for name, frame in list(self._frames.items()):
            old = frame.stored_before(oldest_ms)
            if not old:
                continue
            # Said before it is done, so that whoever misses a sample here can know that a block has it.
            self.forgotten_ms = max(self.forgotten_ms, *(chunk.last for chunk in old))
            frame.drop(old)
            live = frame.live_columns()
            if len(live) == frame.width:
                continue
            replaced[frame] = (live, frame.only(live))
            if len(live):
                self._frames[name] = replaced[frame][1]
            else:
                del self._frames[name]
        if replaced:
            self._move_series(replaced)

    def _move_series(self, replaced: dict[Frame, tuple[np.ndarray, Frame]]) -> None:
        series: dict[Labels, Place] = {}
        index = SeriesIndex()
        for labels, place in self._series.items():
            if place.frame in replaced:
                live, frame = replaced[place.frame]
                column = int(np.searchsorted(live, place.column))
                if column == len(live) or live[column] != place.column:
                    continue
                place = Place(frame, column)
            series[labels] = place
            index.add(labels, place)
        self._series, self._index = series, index
        self.generation += 1
        self._parts.clear()

    def find(self, matchers: Sequence[Matcher]) -> list[Match]:
        """The series that all matchers match, each frame once; the identical list as before while they are the same."""
        return self._index.find(tuple(matchers))

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """The samples with start_ms < t <= end_ms of the series that all matchers match; series without any are left
        out. The series of one host share their array of timestamps where none has a gap."""
        found: list[Series] = []
        for match in self.find(matchers):
            timestamps, values, missing = match.frame.read(match.columns, start_ms, end_ms)
            if not len(timestamps):
                continue
            if missing is None:
                found += [Series(labels, timestamps, row) for labels, row in zip(match.labels, values, strict=True)]
                continue
            for labels, row, gaps in zip(match.labels, values, missing, strict=True):
                there = ~gaps
                if there.any():
                    found.append(Series(labels, timestamps[there], row[there]))
        return found

    def labels(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> set[Labels]:
        """Of the series that `select` would give."""
        found: set[Labels] = set()
        for match in self.find(matchers):
            present = match.frame.has_samples(match.columns, start_ms, end_ms)
            found.update(match.labels if present.all() else compress(match.labels, present.tolist()))
        return found


def _write_row(frame: Frame, timestamp_ms: int, columns: np.ndarray, values: np.ndarray, is_distinct: bool) -> int:
    if not is_distinct:
        columns, first = np.unique(columns, return_index=True)
        values = values[first]
    return frame.write(timestamp_ms, columns, values)
