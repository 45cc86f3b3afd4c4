"""How calls of functions are evaluated: of range vectors, of each sample, of nothing but time."""

from collections.abc import Callable

import numpy as np

from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels
from monitor_collector.promql.matchers import Matcher, labels_of_absence
from monitor_collector.promql.range_functions import RangeFunction
from monitor_collector.promql.relabelled import group_by_labels, merge, nameless_groups
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.selectors import InstantSelector, RangeNode, RangeSelector, SubQuery
from monitor_collector.promql.values import Grid


class RangeCall:
    """A function of a range vector, like `rate(x[5m])`; its other arguments are scalars."""

    value_type: ValueType = "vector"

    def __init__(self, function: RangeFunction, arguments: list[Node | RangeNode], keeps_name: bool):
        self._function = function
        self._arguments = arguments
        self._groups = Remembered(group_by_labels if keeps_name else nameless_groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        labels: list[Labels] = []
        values = []
        for argument in self._arguments:
            if isinstance(argument, RangeSelector | SubQuery):
                windows = argument.windows(evaluation)
                labels = windows.labels
                values.append(windows)
            else:
                values.append(argument.evaluate(evaluation))
        results, present = self._function(*values)
        return merge(self._groups(labels), results, present, whole_range=True)


class ElementwiseCall:
    """A function of each sample, like `abs(x)` or `round(x, 5)`; further arguments are scalars."""

    value_type: ValueType = "vector"

    def __init__(self, function: Callable[..., np.ndarray], vector: Node, scalars: list[Node]):
        self._function = function
        self._vector = vector
        self._scalars = scalars
        self._groups = Remembered(nameless_groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._vector.evaluate(evaluation)
        scalars = [scalar.evaluate(evaluation) for scalar in self._scalars]
        return merge(self._groups(grid.labels), self._function(grid.values, *scalars), grid.present)


class Clamp(ElementwiseCall):
    """`clamp(v, lowest, highest)`: empty where the lowest is above the highest."""

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = super().evaluate(evaluation)
        lowest, highest = [scalar.evaluate(evaluation) for scalar in self._scalars]
        return Grid(grid.labels, grid.values, grid.present & ~(highest < lowest))


class Timestamp:
    """`timestamp(x)` in Unix seconds: of the sample itself for a plain selector, else of the evaluation."""

    value_type: ValueType = "vector"

    def __init__(self, vector: Node):
        self._vector = vector
        self._groups = Remembered(nameless_groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        if isinstance(self._vector, InstantSelector):
            grid, timestamps_ms = self._vector.newest(evaluation)
        else:
            grid = self._vector.evaluate(evaluation)
            timestamps_ms = np.broadcast_to(evaluation.times_ms, grid.values.shape)
        return merge(self._groups(grid.labels), timestamps_ms / 1000, grid.present)


class Absent:
    """`absent(x)`: 1 where the vector is empty, with the labels that the selector's equality matchers name."""

    value_type: ValueType = "vector"

    def __init__(self, vector: Node):
        self._vector = vector
        self._labels = _labels_of_absence(vector.matchers if isinstance(vector, InstantSelector) else ())

    def evaluate(self, evaluation: Evaluation) -> Grid:
        return _where_absent(self._labels, self._vector.evaluate(evaluation).present)


class AbsentOverTime:
    """`absent_over_time(x[5m])`: 1 where no window has a sample, labelled as by `absent`."""

    value_type: ValueType = "vector"

    def __init__(self, range_vector: RangeNode):
        self._range_vector = range_vector
        self._labels = _labels_of_absence(range_vector.matchers)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        return _where_absent(self._labels, self._range_vector.windows(evaluation).occupied)


def _labels_of_absence(matchers: tuple[Matcher, ...]) -> list[Labels]:
    return [labels_of_absence(matchers)]


def _where_absent(labels: list[Labels], present: np.ndarray) -> Grid:
    some = present.any(axis=0)
    return Grid(labels, np.ones((1, len(some))), ~some[None, :])


class Sorted:
    """`sort(v)`, `sort_desc(v)`: the order of an instant query's answer, NaN last; a range query has no order."""

    value_type: ValueType = "vector"

    def __init__(self, vector: Node, descending: bool):
        self._vector = vector
        self._descending = descending

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._vector.evaluate(evaluation)
        if not evaluation.is_instant:
            return grid
        order = np.argsort(-grid.values[:, 0] if self._descending else grid.values[:, 0], kind="stable")
        return Grid([grid.labels[row] for row in order], grid.values[order], grid.present[order])


class VectorOfScalar:
    """`vector(s)`: one sample without labels."""

    value_type: ValueType = "vector"

    def __init__(self, scalar: Node):
        self._scalar = scalar
        self._labels: list[Labels] = [()]

    def evaluate(self, evaluation: Evaluation) -> Grid:
        values = self._scalar.evaluate(evaluation)[None, :]
        return Grid(self._labels, values, np.ones(values.shape, dtype=bool))


class ScalarOfVector:
    """`scalar(v)`: the value of the only sample; NaN where there are none or several."""

    value_type: ValueType = "scalar"

    def __init__(self, vector: Node):
        self._vector = vector

    def evaluate(self, evaluation: Evaluation) -> np.ndarray:
        grid = self._vector.evaluate(evaluation)
        only_value = np.where(grid.present, grid.values, -0.0).sum(axis=0)
        return np.where(grid.present.sum(axis=0) == 1, only_value, np.nan)


class Time:
    """`time()`: the evaluation's time in Unix seconds."""

    value_type: ValueType = "scalar"

    def evaluate(self, evaluation: Evaluation) -> np.ndarray:
        return evaluation.times_ms / 1000
