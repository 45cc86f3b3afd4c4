"""Selectors: from stored samples to the newest value at each step, or to the window of samples before it."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels
from monitor_collector.promql.matchers import Matcher
from monitor_collector.promql.relabelled import group_by_labels, merge
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.storage import ReadyStorage, Window
from monitor_collector.promql.values import Grid, Series, is_stale
from monitor_collector.promql.windows import Samples, Windows, end_to_end, without_stale_markers

# Of a sub-query that names none. Prometheus takes its evaluation_interval, which is this long by default.
DEFAULT_RESOLUTION_MS = 60_000


def _same(labels: list[Labels]) -> list[Labels]:
    """Remembered, this gives every evaluation the identical list, which makes later comparisons trivial."""
    return labels


@dataclass(frozen=True, slots=True)
class Moment:
    """When a selector looks, seen from the steps of the query: `offset` before them, or before the time behind `@`."""

    offset_ms: int = 0
    pinned: int | Literal["start", "end"] | None = None

    def times_ms(self, evaluation: Evaluation) -> np.ndarray:
        """Of shape (steps,), or (1,) where it is the same for all steps."""
        match self.pinned:
            case None:
                return evaluation.times_ms - self.offset_ms
            case "start":
                pinned_ms = evaluation.start_ms
            case "end":
                pinned_ms = evaluation.end_ms
            case _:
                pinned_ms = self.pinned
        return np.array([pinned_ms - self.offset_ms], dtype=np.int64)


class InstantSelector:
    """`up{job="host"} offset 5m`: at each step the newest sample of the lookback window before it."""

    value_type: ValueType = "vector"

    def __init__(self, matchers: tuple[Matcher, ...], moment: Moment):
        self.matchers = matchers
        self._moment = moment
        self._labels: Remembered[list[Labels]] = Remembered(_same)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        return self.newest(evaluation)[0]

    def newest(self, evaluation: Evaluation) -> tuple[Grid, np.ndarray]:
        """The grid of values, and the samples' own timestamps in milliseconds in the same shape."""
        times = self._moment.times_ms(evaluation)
        oldest = times - evaluation.lookback_ms
        if evaluation.is_instant and isinstance(evaluation.storage, ReadyStorage):
            found = evaluation.storage.newest(self.matchers, int(oldest[0]), int(times[0]))
            if found is not None:
                evaluation.limits.allow(len(found.labels))
                present = found.present & ~is_stale(found.values)
                return Grid(found.labels, found.values[:, None], present[:, None]), found.timestamps[:, None]
        series = evaluation.select(self.matchers, int(oldest[0]), int(times[-1]))
        labels = self._labels([one.labels for one in series])
        shape = (len(series), len(evaluation.times_ms))
        evaluation.limits.allow(shape[0] * shape[1])
        if len(times) == 1:
            values = np.array([one.values[-1] for one in series], dtype=np.float64).reshape(-1, 1)
            timestamps = np.array([one.timestamps[-1] for one in series], dtype=np.int64).reshape(-1, 1)
            present = np.broadcast_to(~is_stale(values), shape)
            return Grid(labels, np.broadcast_to(values, shape), present), np.broadcast_to(timestamps, shape)
        samples = end_to_end(series)
        newest = samples.count_until(times) - 1
        exists = newest >= samples.offsets[:-1, None]
        newest[~exists] = 0
        values, timestamps = samples.values.take(newest), samples.timestamps.take(newest)
        return Grid(labels, values, exists & (timestamps > oldest) & ~is_stale(values)), timestamps


class RangeNode(Protocol):
    """A part of a query whose value is a window of samples at each step."""

    value_type: ValueType
    matchers: tuple[Matcher, ...]

    def windows(self, evaluation: Evaluation) -> Windows:
        """The windows of all series at all steps."""
        ...


class RangeSelector:
    """`up[5m] offset 1m`: at each step the samples of the last five minutes."""

    value_type: ValueType = "matrix"

    def __init__(self, matchers: tuple[Matcher, ...], range_ms: int, moment: Moment):
        self.matchers = matchers
        self._range_ms = range_ms
        self._moment = moment
        self._labels: Remembered[list[Labels]] = Remembered(_same)

    def windows(self, evaluation: Evaluation) -> Windows:
        ends = self._moment.times_ms(evaluation)
        start_ms = int(ends[0]) - self._range_ms
        if evaluation.is_instant and isinstance(evaluation.storage, ReadyStorage):
            found = evaluation.storage.window(self.matchers, start_ms, int(ends[0]))
            if found is not None:
                return _ready_windows(found, ends - self._range_ms, ends, evaluation)
        series = evaluation.select(self.matchers, start_ms, int(ends[-1]))
        labels = self._labels([one.labels for one in series])
        evaluation.limits.allow(len(series) * len(evaluation.times_ms))
        samples = without_stale_markers(end_to_end(series))
        return _windows(labels, samples, self._range_ms, ends, evaluation)


class SubQuery:
    """`rate(x[1m])[30m:10s]`: at each step what an expression gave at the times before it.

    Those times are the multiples of the resolution, whenever the query itself is evaluated.
    """

    value_type: ValueType = "matrix"
    matchers: tuple[Matcher, ...] = ()

    def __init__(self, vector: Node, range_ms: int, resolution_ms: int | None, moment: Moment):
        self._vector = vector
        self._range_ms = range_ms
        self._resolution_ms = resolution_ms or DEFAULT_RESOLUTION_MS
        self._moment = moment
        self._groups = Remembered(group_by_labels)

    def windows(self, evaluation: Evaluation) -> Windows:
        ends = self._moment.times_ms(evaluation)
        first = (int(ends[0]) - self._range_ms) // self._resolution_ms + 1
        past = int(ends[-1]) // self._resolution_ms + 1
        evaluation.limits.allow(max(past - first, 0))
        times = np.arange(first, past, dtype=np.int64) * self._resolution_ms
        grid = Grid([], np.zeros((0, 0)), np.zeros((0, 0), dtype=bool))
        if len(times):
            grid = self._vector.evaluate(evaluation.at(times))
            grid = merge(self._groups(grid.labels), grid.values, grid.present)
        offsets = np.concatenate(([0], np.cumsum(grid.present.sum(axis=1))))
        evaluation.limits.allow(int(offsets[-1]) + len(grid.labels) * len(evaluation.times_ms))
        timestamps = np.broadcast_to(times, grid.present.shape)[grid.present]
        samples = Samples(offsets, timestamps, grid.values[grid.present])
        return _windows(grid.labels, samples, self._range_ms, ends, evaluation)


def _ready_windows(found: Window, starts_ms: np.ndarray, ends_ms: np.ndarray, evaluation: Evaluation) -> Windows:
    first, past = found.first[:, None], found.past[:, None]
    evaluation.limits.allow(int((past - first).sum()))
    return Windows(
        found.labels,
        found.timestamps,
        found.values,
        first,
        past,
        starts_ms,
        ends_ms,
        evaluation.times_ms,
        evaluation.limits,
    )


def _windows(
    labels: list[Labels], samples: Samples, range_ms: int, ends_ms: np.ndarray, evaluation: Evaluation
) -> Windows:
    """Windows over samples that lie in the first step's window or later, and not behind the last's."""
    if len(ends_ms) == 1:
        first, past = samples.offsets[:-1, None], samples.offsets[1:, None]
    else:
        first, past = samples.count_until(ends_ms - range_ms), samples.count_until(ends_ms)
    shape = (len(labels), len(evaluation.times_ms))
    ends_ms = np.broadcast_to(ends_ms, shape[1:])
    return Windows(
        labels,
        samples.timestamps,
        samples.values,
        np.broadcast_to(first, shape),
        np.broadcast_to(past, shape),
        ends_ms - range_ms,
        ends_ms,
        evaluation.times_ms,
        evaluation.limits,
    )


def raw_series(windows: Windows) -> list[Series]:
    """The samples of the windows themselves, for the one step of an instant query."""
    bounds = zip(windows.labels, windows.first[:, 0], windows.past[:, 0], strict=True)
    return [
        Series(labels, windows.timestamps[first:past], windows.values[first:past])
        for labels, first, past in bounds
        if past > first
    ]
