"""Aggregations that order the series of a group: `topk`, `bottomk` and `quantile`.

Source: aggregation in Prometheus' promql/engine.go (version 3).
"""

from collections.abc import Callable

import numpy as np

from monitor_collector.promql.errors import EvaluationError
from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels
from monitor_collector.promql.quantiles import quantiles_of_sorted
from monitor_collector.promql.relabelled import Groups
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.values import Grid

_INT64_LIMIT = 2.0**63


class Ranked:
    """`topk(k, v)`, `bottomk(k, v)`: the k largest or smallest samples of each group at each step, as they are.

    An instant query has them in order, the first first. Of equal samples those of earlier series are taken.
    """

    value_type: ValueType = "vector"

    def __init__(self, count: Node, vector: Node, groups: Callable[[list[Labels]], Groups], largest: bool):
        self._count = count
        self._vector = vector
        self._groups = Remembered(groups)
        self._largest = largest

    def evaluate(self, evaluation: Evaluation) -> Grid:
        count = _whole_number(self._count.evaluate(evaluation))
        grid = self._vector.evaluate(evaluation)
        groups = self._groups(grid.labels)
        order = _sorted_in_groups(groups, -grid.values if self._largest else grid.values, grid.present)
        rank = np.arange(len(order)) - np.repeat(groups.starts, groups.sizes)
        taken = np.zeros(grid.present.shape, dtype=bool)
        np.put_along_axis(taken, order, rank[:, None] < count, axis=0)
        taken &= grid.present
        if not evaluation.is_instant:
            return Grid(grid.labels, grid.values, taken)
        rows = order[:, 0]
        return Grid([grid.labels[row] for row in rows], grid.values[rows], taken[rows])


class Quantile:
    """`quantile(0.9, v)`: of the samples of each group, interpolated."""

    value_type: ValueType = "vector"

    def __init__(self, ratio: Node, vector: Node, groups: Callable[[list[Labels]], Groups]):
        self._ratio = ratio
        self._vector = vector
        self._groups = Remembered(groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        ratios = self._ratio.evaluate(evaluation)
        grid = self._vector.evaluate(evaluation)
        groups = self._groups(grid.labels)
        order = _sorted_in_groups(groups, grid.values, grid.present)
        values = np.take_along_axis(np.where(grid.present, grid.values, np.nan), order, axis=0)
        counts = groups.reduce(np.add, grid.present.astype(np.intp))
        results = np.zeros(counts.shape)
        for group, (start, size) in enumerate(zip(groups.starts.tolist(), groups.sizes.tolist(), strict=True)):
            some = np.maximum(counts[group], 1)
            results[group] = quantiles_of_sorted(values[start : start + size], some, ratios)
        return Grid(groups.labels, results, counts > 0)


def _sorted_in_groups(groups: Groups, values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """At each step the rows group by group, within a group ascending, then NaN, then those that are absent."""
    kind = np.where(present, np.isnan(values), 2)
    keys = (np.where(kind == 0, values, 0.0), kind, np.broadcast_to(groups.numbers()[:, None], values.shape))
    return np.lexsort(keys, axis=0)


def _whole_number(counts: np.ndarray) -> np.ndarray:
    """The counts cut towards zero; EvaluationError where one is no number that fits."""
    if np.isnan(counts).any():
        raise EvaluationError("Parameter value is NaN")
    if (counts <= -_INT64_LIMIT).any():
        raise EvaluationError(f"Scalar value {_printed(counts.min())} underflows int64")
    if (counts >= _INT64_LIMIT).any():
        raise EvaluationError(f"Scalar value {_printed(counts.max())} overflows int64")
    return np.trunc(counts)


def _printed(number: float) -> str:
    return f"{number:+g}".replace("inf", "Inf") if np.isinf(number) else f"{number:g}"
