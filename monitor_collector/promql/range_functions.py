"""Functions of range vectors: from the samples of each window to one number.

All take `Windows` and return values and presence of shape (series, steps). Sources are the functions of the same
names in Prometheus' promql/functions.go (version 3), https://github.com/prometheus/prometheus.
"""

from collections.abc import Callable

import numpy as np

from monitor_collector.promql.selectors import Windows

Outcome = tuple[np.ndarray, np.ndarray]
RangeFunction = Callable[[Windows], Outcome]


def rate(windows: Windows) -> Outcome:
    """Increase of a counter per second."""
    return _extrapolated(windows, is_counter=True, per_second=True)


def increase(windows: Windows) -> Outcome:
    """Increase of a counter over the window."""
    return _extrapolated(windows, is_counter=True, per_second=False)


def delta(windows: Windows) -> Outcome:
    """Difference of a gauge over the window."""
    return _extrapolated(windows, is_counter=False, per_second=False)


def irate(windows: Windows) -> Outcome:
    """Increase per second between the last two samples; after a reset the last value is the increase."""
    present, _, last = _ends(windows)
    newest, previous = windows.values[last], windows.values[last - 1]
    increments = np.where(newest < previous, newest, newest - previous)
    milliseconds = windows.timestamps[last] - windows.timestamps[last - 1]
    return _spread(present, increments / (milliseconds / 1000)), present


def sum_over_time(windows: Windows) -> Outcome:
    """Sum of the samples."""
    return _reduced(windows, np.add)


def min_over_time(windows: Windows) -> Outcome:
    """Smallest sample; NaN only where all are."""
    return _reduced(windows, np.fmin)


def max_over_time(windows: Windows) -> Outcome:
    """Largest sample; NaN only where all are."""
    return _reduced(windows, np.fmax)


def count_over_time(windows: Windows) -> Outcome:
    """Number of samples."""
    counts = windows.past - windows.first
    return counts.astype(np.float64), counts > 0


def avg_over_time(windows: Windows) -> Outcome:
    """Arithmetic mean of the samples."""
    sums, present = sum_over_time(windows)
    return sums / (windows.past - windows.first), present


def last_over_time(windows: Windows) -> Outcome:
    """Newest sample."""
    present = windows.past > windows.first
    return _spread(present, windows.values[windows.past[present] - 1]), present


def _extrapolated(windows: Windows, is_counter: bool, per_second: bool) -> Outcome:
    """What `rate`, `increase` and `delta` share: extrapolatedRate in Prometheus' promql/functions.go.

    The difference between a window's first and last sample, counter resets added back, is extrapolated to the
    window's ends. An end that lies 1.1 average sample distances or more from its sample is taken for a place
    where the series starts or ends, and then only half an average distance is added. A counter is never
    extrapolated to before the moment when it was zero. Fewer than two samples give no result.
    """
    present, first, last = _ends(windows)
    values, timestamps = windows.values, windows.timestamps
    starts = np.broadcast_to(windows.starts_ms, present.shape)[present]
    ends = np.broadcast_to(windows.ends_ms, present.shape)[present]

    difference = values[last] - values[first]
    if is_counter:
        difference += _lost_in_resets(values, first, last)
    sampled_seconds = (timestamps[last] - timestamps[first]) / 1000
    average_seconds = sampled_seconds / (last - first)
    seconds_to_start = (timestamps[first] - starts) / 1000
    seconds_to_end = (ends - timestamps[last]) / 1000

    threshold = average_seconds * 1.1
    seconds_to_start = np.where(seconds_to_start >= threshold, average_seconds / 2, seconds_to_start)
    if is_counter:
        rises = (difference > 0) & (values[first] >= 0)
        seconds_to_zero = np.where(rises, sampled_seconds * (values[first] / difference), np.inf)
        seconds_to_start = np.where(seconds_to_zero < seconds_to_start, seconds_to_zero, seconds_to_start)
    seconds_to_end = np.where(seconds_to_end >= threshold, average_seconds / 2, seconds_to_end)

    factor = (sampled_seconds + seconds_to_start + seconds_to_end) / sampled_seconds
    if per_second:
        factor /= (ends - starts) / 1000
    return _spread(present, difference * factor), present


def _lost_in_resets(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """For each window the sum of the values from which its counter fell."""
    falls = np.flatnonzero(values[1:] < values[:-1]) + 1  # also where one series follows another: never inside a window
    low, high = falls.searchsorted(first, side="right"), falls.searchsorted(last, side="right")
    lost = np.zeros(len(first))
    has_resets = high > low
    if has_resets.any():
        lost[has_resets] = _reduced_slices(np.add, values[falls - 1], low[has_resets], high[has_resets])
    return lost


def _ends(windows: Windows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which windows have two samples, and for those, flat, the indices of the first and the last."""
    present = windows.past - windows.first >= 2
    return present, windows.first[present], windows.past[present] - 1


def _reduced(windows: Windows, operation: np.ufunc) -> Outcome:
    present = windows.past > windows.first
    reduced = _reduced_slices(operation, windows.values, windows.first[present], windows.past[present])
    return _spread(present, reduced), present


def _reduced_slices(operation: np.ufunc, values: np.ndarray, first: np.ndarray, past: np.ndarray) -> np.ndarray:
    """The operation over each values[first:past]; the slices may overlap, none may be empty."""
    if not len(first):
        return np.zeros(0)
    bounds = np.stack((first, past), axis=1).ravel()
    padded = np.append(values, 0.0)  # reduceat takes no bound behind the end
    return operation.reduceat(padded, bounds)[::2]


def _spread(present: np.ndarray, results: np.ndarray) -> np.ndarray:
    """Results for the present windows put in their places."""
    values = np.zeros(present.shape)
    values[present] = results
    return values
