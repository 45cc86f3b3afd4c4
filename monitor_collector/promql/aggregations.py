"""Aggregations: many series to one per group, `sum by (instance) (x)`.

Source: aggregation in Prometheus' promql/engine.go (version 3).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from monitor_collector.promql.counted_values import CountValues
from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import METRIC_NAME, Labels, only, without
from monitor_collector.promql.ranking import Quantile, Ranked
from monitor_collector.promql.relabelled import Groups, group_by_labels
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.sums import LARGE, cancels_out, compensated_sums
from monitor_collector.promql.values import Grid

Reduce = Callable[[Groups, np.ndarray, np.ndarray], np.ndarray]


class Aggregation:
    """An aggregation without parameter."""

    value_type: ValueType = "vector"

    def __init__(self, reduce: Reduce, vector: Node, groups: Callable[[list[Labels]], Groups]):
        self._reduce = reduce
        self._vector = vector
        self._groups = Remembered(groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._vector.evaluate(evaluation)
        groups = self._groups(grid.labels)
        present = groups.reduce(np.logical_or, grid.present)
        return Grid(groups.labels, self._reduce(groups, grid.values, grid.present), present)


def aggregation(operator: str, parameter: Node | None, vector: Node, label_names: list[str], is_without: bool) -> Node:
    """An aggregation `by` the named labels or `without` them (and then without the metric's name too).

    QueryError where the parameter is of no use.
    """
    names = frozenset((*label_names, METRIC_NAME) if is_without else label_names)
    key = without if is_without else only

    def groups(labels: list[Labels]) -> Groups:
        return group_by_labels([key(one, names) for one in labels])

    match operator:
        case "topk" | "bottomk":
            return Ranked(parameter, vector, groups, largest=operator == "topk")
        case "quantile":
            return Quantile(parameter, vector, groups)
        case "count_values":
            return CountValues(parameter, vector, names, is_without)
    return Aggregation(_REDUCTIONS[operator], vector, groups)


def _sum(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    terms = np.where(present, values, -0.0)
    sums = groups.reduce(np.add, terms)
    inexact = cancels_out(sums, groups.reduce(np.add, np.abs(terms)))
    if inexact.any():
        sums[inexact] = _compensated(groups, terms, inexact)
    return sums


def _compensated(groups: Groups, terms: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Exact sums for the groups and steps of a mask."""
    steps = np.flatnonzero(which.any(axis=0))
    exact = compensated_sums(terms[groups.order][:, steps], groups.starts)
    return exact[which[:, steps]]


def _count(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return groups.reduce(np.add, present.astype(np.float64))


def _avg(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Also where the sum would be too large for a number."""
    sums, counts = _sum(groups, values, present), _count(groups, values, present)
    means = sums / counts
    overflown = (counts > 0) & ~np.isfinite(sums)
    if overflown.any() and (np.isfinite(values) & (np.abs(values) > LARGE)).any():
        terms = np.where(present, values / LARGE, -0.0)
        means[overflown] = _compensated(groups, terms, overflown) / counts[overflown] * LARGE
    return means


def _min(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return groups.reduce(np.fmin, np.where(present, values, np.nan))


def _max(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return groups.reduce(np.fmax, np.where(present, values, np.nan))


def _group(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return np.ones((len(groups.labels), values.shape[1]))


def _stdvar(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Population variance: the mean square of the distances from the mean."""
    counts = _count(groups, values, present)
    # Seen from one of them, samples that are all the same have exactly no variance.
    distances = values - groups.spread(_max(groups, values, present))
    distances = np.where(present, distances - groups.spread(_sum(groups, distances, present) / counts), 0.0)
    return groups.reduce(np.add, distances * distances) / counts


def _stddev(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return np.sqrt(_stdvar(groups, values, present))


_REDUCTIONS: Mapping[str, Reduce] = MappingProxyType(
    {
        "avg": _avg,
        "count": _count,
        "group": _group,
        "max": _max,
        "min": _min,
        "stddev": _stddev,
        "stdvar": _stdvar,
        "sum": _sum,
    }
)
AGGREGATIONS = frozenset({*_REDUCTIONS, "bottomk", "count_values", "quantile", "topk"})
