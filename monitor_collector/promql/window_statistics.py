"""Functions of range vectors that need all samples of each window side by side: spread, quantiles, trends.

All take `Windows` and an array of shape (steps,) for each further argument, and return values and presence of shape
(series, steps). Sources are the functions of the same names in Prometheus' promql/functions.go (version 3),
https://github.com/prometheus/prometheus.
"""

from collections.abc import Callable

import numpy as np

from monitor_collector.promql.errors import EvaluationError
from monitor_collector.promql.quantiles import quantiles_of_sorted
from monitor_collector.promql.range_functions import Outcome, spread
from monitor_collector.promql.windows import Gathered, Windows


def stdvar_over_time(windows: Windows) -> Outcome:
    """Population variance of the samples."""
    return _per_window(windows, windows.occupied, lambda gathered: _variances(windows, gathered))


def stddev_over_time(windows: Windows) -> Outcome:
    """Population standard deviation of the samples."""
    variances, present = stdvar_over_time(windows)
    return np.sqrt(variances), present


def quantile_over_time(ratios: np.ndarray, windows: Windows) -> Outcome:
    """The quantile of the samples, interpolated; -Inf for a ratio below 0, +Inf above 1."""
    present = windows.occupied
    ratio_of_window = np.broadcast_to(ratios, present.shape)[present]

    def quantiles(gathered: Gathered) -> np.ndarray:
        results = np.zeros(len(gathered.starts))
        for length in np.unique(gathered.lengths):
            rows = np.flatnonzero(gathered.lengths == length)
            block = windows.values[gathered.indices[gathered.starts[rows, None] + np.arange(length)]]
            block.sort(axis=1)
            counts = np.full(len(rows), length)
            results[rows] = quantiles_of_sorted(block.T, counts, ratio_of_window[gathered.windows][rows])
        return results

    return _per_window(windows, present, quantiles)


def deriv(windows: Windows) -> Outcome:
    """Slope per second of the straight line through the samples, by least squares."""
    present = windows.past - windows.first >= 2
    return _per_window(windows, present, lambda gathered: _lines(windows, gathered)[0])


def predict_linear(windows: Windows, seconds: np.ndarray) -> Outcome:
    """The value of the straight line through the samples, `seconds` after the time of evaluation."""
    present = windows.past - windows.first >= 2
    target_ms = np.broadcast_to(windows.times_ms + seconds * 1000, present.shape)[present]

    def predict(gathered: Gathered) -> np.ndarray:
        slopes, middle_ms, middle_values = _lines(windows, gathered)
        return middle_values + slopes * ((target_ms[gathered.windows] - middle_ms) / 1000)

    return _per_window(windows, present, predict)


def double_exponential_smoothing(windows: Windows, smoothing: np.ndarray, trend: np.ndarray) -> Outcome:
    """Holt's linear method: level and trend are smoothed by factors between 0 and 1. Gives the last level.

    EvaluationError where a factor is not between 0 and 1.
    """
    _check_factors(windows, "smoothing", "sf", smoothing)
    _check_factors(windows, "trend", "tf", trend)
    present = windows.past - windows.first >= 2
    values = np.zeros(present.shape)
    pairs, pair_of_step = np.unique(np.stack((smoothing, trend)), axis=1, return_inverse=True)
    for number, (level_factor, trend_factor) in enumerate(pairs.T.tolist()):
        which = present & (pair_of_step.ravel() == number)
        smoothed, _ = _per_window(
            windows, which, lambda gathered, a=level_factor, b=trend_factor: _smoothed(windows, gathered, a, b)
        )
        values[which] = smoothed[which]
    return values, present


def _per_window(windows: Windows, which: np.ndarray, function: Callable[[Gathered], np.ndarray]) -> Outcome:
    results = np.zeros(np.count_nonzero(which))
    for gathered in windows.gather(which):
        results[gathered.windows] = function(gathered)
    return spread(which, results), which


def _variances(windows: Windows, gathered: Gathered) -> np.ndarray:
    values = windows.values[gathered.indices]
    values -= gathered.spread(values[gathered.starts])  # samples that are all the same have exactly no variance
    values -= gathered.spread(np.add.reduceat(values, gathered.starts) / gathered.lengths)
    return np.add.reduceat(values * values, gathered.starts) / gathered.lengths


def _lines(windows: Windows, gathered: Gathered) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slope per second, and the mean time in milliseconds and mean value, through which the line goes."""
    starts, lengths = gathered.starts, gathered.lengths
    times, values = windows.timestamps[gathered.indices], windows.values[gathered.indices]
    first_ms, first_values = times[starts], values[starts]
    is_flat = np.minimum.reduceat(values, starts) == np.maximum.reduceat(values, starts)
    seconds = (times - gathered.spread(first_ms)) / 1000
    values = values - gathered.spread(first_values)
    mean_seconds = np.add.reduceat(seconds, starts) / lengths
    mean_values = np.add.reduceat(values, starts) / lengths
    seconds -= gathered.spread(mean_seconds)
    values -= gathered.spread(mean_values)
    slopes = np.add.reduceat(seconds * values, starts) / np.add.reduceat(seconds * seconds, starts)
    slopes[is_flat] = np.where(np.isinf(first_values[is_flat]), np.nan, 0.0)
    return slopes, first_ms + mean_seconds * 1000, first_values + mean_values


def _check_factors(windows: Windows, name: str, short: str, factors: np.ndarray) -> None:
    outside = windows.occupied.any(axis=0) & ((factors <= 0) | (factors >= 1))
    if outside.any():
        found = factors[int(np.argmax(outside))]
        raise EvaluationError(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {found:f}")


def _smoothed(windows: Windows, gathered: Gathered, level_factor: float, trend_factor: float) -> np.ndarray:
    """The last level is a weighted sum of the samples, as every step of the method is linear in them.

    With level s and trend b, s' = a x + (1 - a)(s + b) and b' = t (s' - s) + (1 - t) b, from s = x1 and b = x1 - x0.
    """
    values = windows.values[gathered.indices]
    last = gathered.starts + gathered.lengths - 1
    of_level, of_trend = _powers(level_factor, trend_factor, int(gathered.lengths.max()))
    weights = level_factor * (of_level + trend_factor * of_trend)
    age = gathered.spread(last) - np.arange(len(values))
    weight = weights[age]
    weight[gathered.starts + 1] = (of_level + of_trend)[gathered.lengths - 2]
    weight[gathered.starts] = -of_trend[gathered.lengths - 2]
    results = np.add.reduceat(weight * values, gathered.starts)
    # An infinite sample makes the trend infinite, and then the difference of two infinite levels.
    infinite = np.isinf(values)
    if infinite.any():
        spoils = infinite & (age >= 2)
        spoils[gathered.starts] = infinite[gathered.starts]
        results[np.logical_or.reduceat(spoils, gathered.starts)] = np.nan
    return results


def _powers(level_factor: float, trend_factor: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """How much level and trend count in the level `i` samples later, for each i below count."""
    of_level, of_trend = np.zeros(count), np.zeros(count)
    level, trend = 1.0, 0.0
    for samples in range(count):
        of_level[samples], of_trend[samples] = level, trend
        if abs(level) + abs(trend) < 1e-300:
            break
        kept = (1 - level_factor) * level
        level, trend = (
            kept - trend_factor * level_factor * trend,
            kept + (1 - trend_factor * level_factor) * trend,
        )
    return of_level, of_trend
