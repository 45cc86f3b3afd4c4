"""Rows under new label sets, where two series may have become one.

`rate(a)` and `rate(b)` lose their names and may end up with the same labels. At one step that is an error; at
different steps they are the parts of one series.
"""

from dataclasses import dataclass

import numpy as np

from monitor_collector.promql.errors import EvaluationError
from monitor_collector.promql.labels import Labels
from monitor_collector.promql.values import Grid

SAME_LABELSET = "vector cannot contain metrics with the same labelset"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows put together by a key: `order` lists the rows group by group, `starts` where in it each group begins."""

    labels: list[Labels]
    order: np.ndarray
    starts: np.ndarray

    @property
    def single_rows(self) -> bool:
        """Whether every group has exactly one row (and the order is then the rows' own)."""
        return len(self.starts) == len(self.order)

    def reduce(self, operation: np.ufunc, rows: np.ndarray) -> np.ndarray:
        """One row per group: the operation over the group's rows of an array of shape (rows, steps)."""
        if not len(self.starts):
            return rows[:0]
        return operation.reduceat(rows[self.order], self.starts, axis=0)


def group_by_labels(keys: list[Labels]) -> Groups:
    """Groups of equal label sets, in the order in which they first appear."""
    numbers: dict[Labels, int] = {}
    group_of_row = np.fromiter((numbers.setdefault(key, len(numbers)) for key in keys), np.intp, len(keys))
    order = np.argsort(group_of_row, kind="stable")
    starts = np.searchsorted(group_of_row[order], np.arange(len(numbers)))
    return Groups(list(numbers), order, starts)


def merge(groups: Groups, values: np.ndarray, present: np.ndarray, whole_range: bool = False) -> Grid:
    """The rows under their groups' labels; EvaluationError where a group has two values at one step.

    With `whole_range` two series with the same labels are an error even when they never meet at a step: so
    Prometheus does for functions of range vectors.
    """
    if groups.single_rows:
        return Grid(groups.labels, values, present)
    occupied = present.any(axis=1, keepdims=True) if whole_range else present
    if (groups.reduce(np.add, occupied.astype(np.intp)) > 1).any():
        raise EvaluationError(SAME_LABELSET)
    # Adding -0.0 changes no number, not even a zero's sign.
    merged = groups.reduce(np.add, np.where(present, values, -0.0))
    return Grid(groups.labels, merged, groups.reduce(np.logical_or, present))
