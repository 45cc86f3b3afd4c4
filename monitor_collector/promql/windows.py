"""Samples of many series end to end, and the windows that a range selector looks at.

Samples lie in one pair of arrays, so that windows are two indices each and functions of them are array work.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor_collector.promql.labels import Labels
from monitor_collector.promql.limits import Limits
from monitor_collector.promql.values import Series, is_stale

# Samples of windows laid out at a time: windows of a range query overlap, together they can be any number of times
# what was loaded. A window that is longer than this comes alone.
GATHERED_SAMPLES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Many series end to end: series i has the samples offsets[i]:offsets[i + 1].

    The series of a host share one array of timestamps; `axes` are the different ones, of which series i has
    axes[axis_of[i]]. There are none where samples were taken out.
    """

    offsets: np.ndarray
    timestamps: np.ndarray
    values: np.ndarray
    axes: tuple[np.ndarray, ...] = ()
    axis_of: np.ndarray | None = None

    def count_until(self, edges_ms: np.ndarray) -> np.ndarray:
        """For each series and edge the index behind the last sample with t <= edge, of shape (series, edges).

        One binary search for all: a sample's key is its series' number and its time, which ascends over the
        whole array, so no series is visited by Python.
        """
        if not len(self.timestamps):
            return np.zeros((len(self.offsets) - 1, len(edges_ms)), dtype=np.int64)
        if self.axis_of is not None:
            counts = np.stack([axis.searchsorted(edges_ms, side="right") for axis in self.axes])
            if len(self.axes) < len(self.axis_of):
                counts = counts[self.axis_of]
            counts += self.offsets[:-1, None]
            return counts
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
    axes = {id(one): one for one in timestamps}
    numbers = {key: number for number, key in enumerate(axes)}
    axis_of = np.fromiter((numbers[id(one)] for one in timestamps), np.intp, len(series))
    flat = np.concatenate(values).astype(np.float64, copy=False)
    return Samples(offsets, np.concatenate(timestamps), flat, tuple(axes.values()), axis_of)


def without_stale_markers(samples: Samples) -> Samples:
    """The same series with the stale markers taken out."""
    stale = is_stale(samples.values)
    if not stale.any():
        return samples
    kept = ~stale
    kept_before = np.concatenate(([0], np.cumsum(kept)))
    return Samples(kept_before[samples.offsets], samples.timestamps[kept], samples.values[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Some windows laid out one after the other: window i of them has the samples from starts[i] on.

    `windows` numbers them among all windows that have samples. `indices` are those of the samples in
    `Windows.values`; `lengths` says how many each window has, at least one.
    """

    windows: slice
    indices: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def spread(self, per_window: np.ndarray) -> np.ndarray:
        """A number of each window repeated for each of its samples."""
        return np.repeat(per_window, self.lengths)


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """For each series and step the samples of starts_ms < t <= ends_ms, as values[first:past].

    `first` and `past` have the shape (series, steps), `starts_ms`, `ends_ms` and `times_ms` (steps,); times_ms is when
    the query is evaluated, which `offset` and `@` tell apart from the windows' ends. `timestamps` and `values` are
    flat and hold the series end to end. Stale markers are not among them.
    """

    labels: list[Labels]
    timestamps: np.ndarray
    values: np.ndarray
    first: np.ndarray
    past: np.ndarray
    starts_ms: np.ndarray
    ends_ms: np.ndarray
    times_ms: np.ndarray
    limits: Limits

    @property
    def occupied(self) -> np.ndarray:
        """Which windows have samples, of shape (series, steps)."""
        return self.past > self.first

    def gather(self, which: np.ndarray) -> Iterator[Gathered]:
        """The windows of a mask, row by row, laid out a bounded number of samples at a time."""
        first, past = self.first[which], self.past[which]
        ends = np.cumsum(past - first)
        done = 0
        while done < len(first):
            self.limits.allow(0)
            laid_out = ends[done - 1] if done else 0
            upto = max(done + 1, int(ends.searchsorted(laid_out + GATHERED_SAMPLES, side="right")))
            lengths = past[done:upto] - first[done:upto]
            starts = ends[done:upto] - lengths - laid_out
            indices = np.arange(int(lengths.sum())) + np.repeat(first[done:upto] - starts, lengths)
            yield Gathered(slice(done, upto), indices, starts, lengths)
            done = upto
