"""Rows under new label sets, where two series may have become one.

`rate(a)` and `rate(b)` lose their names and may end up with the same labels. At one step that is an error; at
different steps they are the parts of one series.
"""

from dataclasses import dataclass

import numpy as np

from monitor_collector.promql.errors import EvaluationError
from monitor_collector.promql.labels import Labels, without_metric_name
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

    @property
    def sizes(self) -> np.ndarray:
        """How many rows each group has."""
        return np.diff(self.starts, append=len(self.order))

    def numbers(self) -> np.ndarray:
        """The number of its group for each row."""
        numbers = np.empty(len(self.order), dtype=np.intp)
        numbers[self.order] = np.repeat(np.arange(len(self.starts)), self.sizes)
        return numbers

    def spread(self, per_group: np.ndarray) -> np.ndarray:
        """For each row what an array of shape (groups, steps) has for its group."""
        return per_group[self.numbers()]

    def overlay(self, values: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and presence per group, where of its rows at most one is present at a step."""
        if self.single_rows:
            return values[self.order], present[self.order]
        # Adding -0.0 changes no number, not even a zero's sign.
        merged = self.reduce(np.add, np.where(present, values, -0.0))
        return merged, self.reduce(np.logical_or, present)

    def reduce(self, operation: np.ufunc, rows: np.ndarray) -> np.ndarray:
        """One row per group: the operation over the group's rows of an array of shape (rows, steps)."""
        if not len(self.starts):
            return rows[:0]
        return operation.reduceat(rows[self.order], self.starts, axis=0)


def group_by_labels(keys: list[Labels]) -> Groups:
    """Groups of equal label sets, in the order in which they first appear."""
    numbers: dict[Labels, int] = {}
    return group_by_numbers([numbers.setdefault(key, len(numbers)) for key in keys], list(numbers))


def group_by_numbers(group_of_row: list[int], labels: list[Labels]) -> Groups:
    """Groups given for each row by number; group i has labels[i]. No group is empty."""
    numbers = np.array(group_of_row, dtype=np.intp)
    order = np.argsort(numbers, kind="stable")
    return Groups(labels, order, np.searchsorted(numbers[order], np.arange(len(labels))))


def nameless_groups(labels: list[Labels]) -> Groups:
    """Rows grouped by their labels without the metric's name."""
    return group_by_labels([without_metric_name(one) for one in labels])


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
    return Grid(groups.labels, *groups.overlay(values, present))
