"""Functions of range vectors that need only the ends of each window or running totals over it.

All take `Windows` and return values and presence of shape (series, steps). Sources are the functions of the same
names in Prometheus' promql/functions.go (version 3), https://github.com/prometheus/prometheus.
"""

from collections.abc import Callable

import numpy as np

from monitor_collector.promql.sums import LARGE, cancels_out, compensated_sums
from monitor_collector.promql.windows import Windows

Outcome = tuple[np.ndarray, np.ndarray]

# Takes the windows, and one array of shape (steps,) for each further argument of the function.
RangeFunction = Callable[..., Outcome]


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
    return spread(present, increments / (milliseconds / 1000)), present


def idelta(windows: Windows) -> Outcome:
    """Difference between the last two samples."""
    present, _, last = _ends(windows)
    return spread(present, windows.values[last] - windows.values[last - 1]), present


def changes(windows: Windows) -> Outcome:
    """How often a sample differs from the one before it; one NaN after another is no change."""
    values = windows.values
    differs = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    return _counted(windows, differs)


def resets(windows: Windows) -> Outcome:
    """How often a sample is smaller than the one before it."""
    return _counted(windows, windows.values[1:] < windows.values[:-1])


def sum_over_time(windows: Windows) -> Outcome:
    """Sum of the samples."""
    sums, present = _reduced(windows, windows.values, np.add)
    magnitudes, _ = _reduced(windows, np.abs(windows.values), np.add)
    inexact = present & cancels_out(sums, magnitudes)
    if inexact.any():
        sums[inexact] = _exact_sums(windows, windows.values, inexact)
    return sums, present


def avg_over_time(windows: Windows) -> Outcome:
    """Arithmetic mean of the samples, also where their sum would be too large for a number."""
    sums, present = sum_over_time(windows)
    counts = windows.past - windows.first
    means = sums / counts
    overflown = present & ~np.isfinite(sums)
    if overflown.any() and (np.isfinite(windows.values) & (np.abs(windows.values) > LARGE)).any():
        means[overflown] = _exact_sums(windows, windows.values / LARGE, overflown) / counts[overflown] * LARGE
    return means, present


def min_over_time(windows: Windows) -> Outcome:
    """Smallest sample; NaN only where all are."""
    return _reduced(windows, windows.values, np.fmin)


def max_over_time(windows: Windows) -> Outcome:
    """Largest sample; NaN only where all are."""
    return _reduced(windows, windows.values, np.fmax)


def count_over_time(windows: Windows) -> Outcome:
    """Number of samples."""
    return (windows.past - windows.first).astype(np.float64), windows.occupied


def present_over_time(windows: Windows) -> Outcome:
    """1 where there are samples."""
    return np.ones(windows.first.shape), windows.occupied


def last_over_time(windows: Windows) -> Outcome:
    """Newest sample."""
    present = windows.occupied
    return spread(present, windows.values[windows.past[present] - 1]), present


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
    return spread(present, difference * factor), present


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


def _counted(windows: Windows, happens: np.ndarray) -> Outcome:
    """How often in each window something is true of a sample and the one before it; happens[i] is of i and i + 1."""
    present = windows.occupied
    counted_before = np.concatenate(([0, 0], np.cumsum(happens)))
    counts = counted_before[windows.past[present]] - counted_before[windows.first[present] + 1]
    return spread(present, counts), present


def _reduced(windows: Windows, values: np.ndarray, operation: np.ufunc) -> Outcome:
    """The operation over the samples of each window, given as values in the places of `windows.values`."""
    present = windows.occupied
    return spread(present, _reduced_slices(operation, values, windows.first[present], windows.past[present])), present


def _exact_sums(windows: Windows, values: np.ndarray, which: np.ndarray) -> np.ndarray:
    sums = np.zeros(np.count_nonzero(which))
    for gathered in windows.gather(which):
        sums[gathered.windows] = compensated_sums(values[gathered.indices], gathered.starts)
    return sums


def _reduced_slices(operation: np.ufunc, values: np.ndarray, first: np.ndarray, past: np.ndarray) -> np.ndarray:
    """The operation over each values[first:past]; the slices may overlap, none may be empty."""
    if not len(first):
        return np.zeros(0)
    bounds = np.stack((first, past), axis=1).ravel()
    padded = np.append(values, 0.0)  # reduceat takes no bound behind the end
    return operation.reduceat(padded, bounds)[::2]


def spread(present: np.ndarray, results: np.ndarray) -> np.ndarray:
    """Results for the present windows put in their places."""
    values = np.zeros(present.shape)
    values[present] = results
    return values
