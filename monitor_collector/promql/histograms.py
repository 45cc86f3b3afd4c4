"""`histogram_quantile` of classic histograms: cumulative buckets, one series for each upper bound `le`.

Source: bucketQuantile, coalesceBuckets and ensureMonotonicAndIgnoreSmallDeltas in Prometheus' promql/quantile.go.
"""

import re
from dataclasses import dataclass

import numpy as np

from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import METRIC_NAME, Labels, without
from monitor_collector.promql.relabelled import Groups, group_by_numbers
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.values import Grid

# Counts of neighbouring buckets that differ relatively by less have been equal before floating point got at them.
_SMALL_DELTA = 1e-12

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?|nan)", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[+-]?0x[\da-f.]+p[+-]?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """Which rows are buckets of which histogram.

    `rows` are those with a bound; `buckets` groups them by histogram and bound; bucket i is number `places[i]` of
    histogram `owners[i]`, in ascending order of bounds. `bounds` is of shape (histograms, most buckets), NaN behind
    a histogram's last.
    """

    labels: list[Labels]
    rows: np.ndarray
    buckets: Groups
    owners: np.ndarray
    places: np.ndarray
    bounds: np.ndarray


class HistogramQuantile:
    """`histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))`: series without a usable `le` are passed over."""

    value_type: ValueType = "vector"

    def __init__(self, ratio: Node, vector: Node):
        self._ratio = ratio
        self._vector = vector
        self._histograms = Remembered(_histograms)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        ratios = self._ratio.evaluate(evaluation)
        grid = self._vector.evaluate(evaluation)
        histograms = self._histograms(grid.labels)
        steps = grid.values.shape[1]
        shape = (*histograms.bounds.shape, steps)
        evaluation.limits.allow(shape[0] * shape[1] * steps)
        present = np.zeros(shape, dtype=bool)
        counts = np.zeros(shape)
        found = grid.present[histograms.rows]
        places = (histograms.owners, histograms.places)
        present[places] = histograms.buckets.reduce(np.logical_or, found)
        counts[places] = histograms.buckets.reduce(np.add, np.where(found, grid.values[histograms.rows], -0.0))
        quantiles = _quantiles(histograms.bounds, counts, present, ratios)
        return Grid(histograms.labels, quantiles, present.any(axis=1))


def _histograms(labels: list[Labels]) -> Histograms:
    bound_of_row = {row: _bound(dict(one).get("le", "")) for row, one in enumerate(labels)}
    rows = [row for row, bound in bound_of_row.items() if bound is not None]
    owners: dict[Labels, int] = {}
    keys = []
    for row in rows:
        owner = owners.setdefault(without(labels[row], ("le", METRIC_NAME)), len(owners))
        keys.append((owner, bound_of_row[row]))
    ordered = sorted(set(keys))
    owner_of_bucket = np.array([owner for owner, _ in ordered], dtype=np.intp)
    place_of_bucket = np.arange(len(ordered)) - np.searchsorted(owner_of_bucket, owner_of_bucket)
    position = {key: number for number, key in enumerate(ordered)}
    bounds = np.full((len(owners), int(place_of_bucket.max(initial=-1)) + 1), np.nan)
    bounds[owner_of_bucket, place_of_bucket] = [bound for _, bound in ordered]
    buckets = group_by_numbers([position[key] for key in keys], [()] * len(ordered))
    return Histograms(list(owners), np.array(rows, dtype=np.intp), buckets, owner_of_bucket, place_of_bucket, bounds)


def _bound(text: str) -> float | None:
    """The number as Go's strconv.ParseFloat reads it; None where it is none. No bucket has the bound NaN."""
    if _HEXADECIMAL.fullmatch(text):
        return float.fromhex(text)
    number = float(text) if _NUMBER.fullmatch(text) else np.nan
    return None if np.isnan(number) else number


def _quantiles(bounds: np.ndarray, counts: np.ndarray, present: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Of shape (histograms, steps). `counts` and `present` are (histograms, buckets, steps), `ratios` (steps,)."""
    histograms, width, steps = counts.shape
    if not width:
        return np.zeros((histograms, steps))
    # One pass from the lowest bucket to the highest makes the counts ascend. It keeps, for each histogram and step,
    # the bound and count of the bucket below; NaN and 0 below the lowest.
    ascending, bounds_below, counts_below = np.empty(counts.shape), np.empty(counts.shape), np.empty(counts.shape)
    count, bound = np.zeros((histograms, steps)), np.full((histograms, steps), np.nan)
    second_bound, number = bound, np.zeros((histograms, steps), dtype=np.intp)
    for place in range(width):
        here, found = present[:, place], counts[:, place]
        bounds_below[:, place], counts_below[:, place] = bound, count
        is_repaired = (number > 0) & ((found < count) | _almost_equal(found, count))
        count = np.where(here & ~is_repaired, found, count)
        ascending[:, place] = count
        second_bound = np.where(here, bound, second_bound)
        bound = np.where(here, bounds[:, place, None], bound)
        number = number + here
    ranks = ratios * count
    reaches = present & (ascending >= ranks[:, None])
    chosen = reaches.argmax(axis=1)[:, None]

    def of_chosen(array: np.ndarray) -> np.ndarray:
        return np.take_along_axis(np.broadcast_to(array, counts.shape), chosen, axis=1)[:, 0]

    upper, below, base = of_chosen(bounds[:, :, None]), of_chosen(bounds_below), of_chosen(counts_below)
    start = np.where(np.isnan(below), 0.0, below)
    within = start + (upper - start) * ((ranks - base) / (of_chosen(ascending) - base))
    within = np.where(np.isnan(below) & (upper <= 0), upper, within)
    quantiles = np.where(reaches.any(axis=1) & ~np.isposinf(upper), within, second_bound)
    quantiles[~np.isposinf(bound) | (number < 2) | (count == 0)] = np.nan
    return np.where(np.isnan(ratios), np.nan, np.where(ratios < 0, -np.inf, np.where(ratios > 1, np.inf, quantiles)))


def _almost_equal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Equal but for rounding. Source: Equal in Prometheus' util/almost/almost.go."""
    difference, total = np.abs(first - second), np.abs(first) + np.abs(second)
    smallest = np.finfo(np.float64).smallest_normal
    near_zero = (first == 0) | (second == 0) | (total < smallest)
    relative = difference / np.minimum(total, np.finfo(np.float64).max) < _SMALL_DELTA
    return (first == second) | np.where(near_zero, difference < _SMALL_DELTA * smallest, relative)
