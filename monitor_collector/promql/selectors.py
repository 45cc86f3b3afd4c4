"""Selectors: from stored samples to the newest value at each step, or to the window of samples before it."""

from dataclasses import dataclass

import numpy as np

from monitor_collector.promql.evaluation import Evaluation, ValueType
from monitor_collector.promql.labels import Labels
from monitor_collector.promql.matchers import Matcher
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.values import Grid, Series, is_stale


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Many series end to end: series i has the samples offsets[i]:offsets[i + 1]."""

    offsets: np.ndarray
    timestamps: np.ndarray
    values: np.ndarray

    def count_until(self, edges_ms: np.ndarray) -> np.ndarray:
        """For each series and edge the index behind the last sample with t <= edge, of shape (series, edges).

        One binary search for all: a sample's key is its series' number and its time, which ascends over the
        whole array, so no series is visited by Python.
        """
        if not len(self.timestamps):
            return np.zeros((len(self.offsets) - 1, len(edges_ms)), dtype=np.int64)
        before_first = int(self.timestamps.min()) - 1
        span = int(self.timestamps.max()) - before_first
        row_keys = np.arange(len(self.offsets) - 1, dtype=np.int64) * (span + 1)
        keys = np.repeat(row_keys, np.diff(self.offsets)) + (self.timestamps - before_first)
        edge_keys = row_keys[:, None] + np.clip(edges_ms - before_first, 0, span)[None, :]
        return keys.searchsorted(edge_keys, side="right")


def end_to_end(series: list[Series]) -> Samples:
    """The samples of all series in one pair of arrays."""
    offsets = np.zeros(len(series) + 1, dtype=np.int64)
    if not series:
        return Samples(offsets, np.zeros(0, dtype=np.int64), np.zeros(0))
    _, timestamps, values = zip(*series, strict=True)
    np.cumsum(np.fromiter(map(len, timestamps), np.int64, len(series)), out=offsets[1:])
    return Samples(offsets, np.concatenate(timestamps), np.concatenate(values).astype(np.float64, copy=False))


def without_stale_markers(samples: Samples) -> Samples:
    """The same series with the stale markers taken out."""
    stale = is_stale(samples.values)
    if not stale.any():
        return samples
    kept = ~stale
    kept_before = np.concatenate(([0], np.cumsum(kept)))
    return Samples(kept_before[samples.offsets], samples.timestamps[kept], samples.values[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """For each series and step the samples of starts_ms < t <= ends_ms, as values[first:past].

    `first` and `past` have the shape (series, steps), `starts_ms` and `ends_ms` (steps,); `timestamps` and
    `values` are flat and hold the series end to end. Stale markers are not among them.
    """

    labels: list[Labels]
    timestamps: np.ndarray
    values: np.ndarray
    first: np.ndarray
    past: np.ndarray
    starts_ms: np.ndarray
    ends_ms: np.ndarray


def _same(labels: list[Labels]) -> list[Labels]:
    return labels


class InstantSelector:
    """`up{job="host"} offset 1m`: at each step the newest sample that is younger than the lookback.

    A series whose newest sample is a stale marker is absent.
    """

    value_type: ValueType = "vector"

    def __init__(self, matchers: tuple[Matcher, ...], offset_ms: int):
        self.matchers = matchers
        self.offset_ms = offset_ms
        self._labels: Remembered[list[Labels]] = Remembered(_same)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        return self.newest(evaluation)[0]

    def newest(self, evaluation: Evaluation) -> tuple[Grid, np.ndarray]:
        """The grid of values, and the samples' own timestamps in milliseconds in the same shape."""
        times = evaluation.times_ms - self.offset_ms
        oldest = times - evaluation.lookback_ms
        series = evaluation.storage.select(self.matchers, int(oldest[0]), int(times[-1]))
        labels = self._labels([one.labels for one in series])
        if evaluation.is_instant:
            values = np.array([one.values[-1] for one in series], dtype=np.float64).reshape(-1, 1)
            timestamps = np.array([one.timestamps[-1] for one in series], dtype=np.int64).reshape(-1, 1)
            return Grid(labels, values, ~is_stale(values)), timestamps
        samples = end_to_end(series)
        newest = samples.count_until(times) - 1
        exists = newest >= samples.offsets[:-1, None]
        newest[~exists] = 0
        values, timestamps = samples.values.take(newest), samples.timestamps.take(newest)
        return Grid(labels, values, exists & (timestamps > oldest) & ~is_stale(values)), timestamps


class RangeSelector:
    """`up[5m] offset 1m`: at each step the samples of the last five minutes."""

    value_type: ValueType = "matrix"

    def __init__(self, matchers: tuple[Matcher, ...], range_ms: int, offset_ms: int):
        self.matchers = matchers
        self.range_ms = range_ms
        self.offset_ms = offset_ms
        self._labels: Remembered[list[Labels]] = Remembered(_same)

    def windows(self, evaluation: Evaluation) -> Windows:
        """The windows of all series at all steps."""
        ends = evaluation.times_ms - self.offset_ms
        starts = ends - self.range_ms
        series = evaluation.storage.select(self.matchers, int(starts[0]), int(ends[-1]))
        labels = self._labels([one.labels for one in series])
        samples = without_stale_markers(end_to_end(series))
        if evaluation.is_instant:
            first, past = samples.offsets[:-1, None], samples.offsets[1:, None]
        else:
            first, past = samples.count_until(starts), samples.count_until(ends)
        return Windows(labels, samples.timestamps, samples.values, first, past, starts, ends)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        raise TypeError("a range selector has windows, not a value per step")

    def series(self, evaluation: Evaluation) -> list[Series]:
        """The samples themselves, for the one step of an instant query."""
        windows = self.windows(evaluation)
        bounds = zip(windows.labels, windows.first[:, 0], windows.past[:, 0], strict=True)
        return [
            Series(labels, windows.timestamps[first:past], windows.values[first:past])
            for labels, first, past in bounds
            if past > first
        ]
