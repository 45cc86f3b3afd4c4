"""Aggregations: many series to one per group, `sum by (instance) (x)`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import METRIC_NAME, Labels, only, without
from monitor_collector.promql.relabelled import Groups, group_by_labels
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.values import Grid


class Aggregation:
    """An aggregation `by` the named labels or `without` them (and then without the metric's name too)."""

    value_type: ValueType = "vector"

    def __init__(self, operator: str, vector: Node, label_names: list[str], is_without: bool):
        self._aggregate = AGGREGATIONS[operator]
        self._vector = vector
        names = frozenset((*label_names, METRIC_NAME) if is_without else label_names)
        key = without if is_without else only

        def groups(labels: list[Labels]) -> Groups:
            return group_by_labels([key(one, names) for one in labels])

        self._groups = Remembered(groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._vector.evaluate(evaluation)
        groups = self._groups(grid.labels)
        present = groups.reduce(np.logical_or, grid.present)
        return Grid(groups.labels, self._aggregate(groups, grid.values, grid.present), present)


def _sum(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return groups.reduce(np.add, np.where(present, values, -0.0))


def _count(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return groups.reduce(np.add, present.astype(np.float64))


def _avg(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return _sum(groups, values, present) / _count(groups, values, present)


def _min(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return groups.reduce(np.fmin, np.where(present, values, np.nan))


def _max(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return groups.reduce(np.fmax, np.where(present, values, np.nan))


def _group(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    return np.ones((len(groups.labels), values.shape[1]))


AGGREGATIONS: Mapping[str, Callable[[Groups, np.ndarray, np.ndarray], np.ndarray]] = MappingProxyType(
    {"avg": _avg, "count": _count, "group": _group, "max": _max, "min": _min, "sum": _sum}
)
