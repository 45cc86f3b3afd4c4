"""The functions a query may call: one registry from the name to how the call is evaluated."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from monitor_collector.promql import range_functions
from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.evaluation import Constant, Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels, without_metric_name
from monitor_collector.promql.matchers import labels_of_absence
from monitor_collector.promql.relabelled import Groups, group_by_labels, merge
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.selectors import InstantSelector, RangeSelector
from monitor_collector.promql.values import Grid


def nameless_groups(labels: list[Labels]) -> Groups:
    """Rows grouped by their labels without the metric's name."""
    return group_by_labels([without_metric_name(one) for one in labels])


class RangeCall:
    """A function of a range vector, like `rate(x[5m])`."""

    value_type: ValueType = "vector"

    def __init__(self, function: range_functions.RangeFunction, selector: RangeSelector, keeps_name: bool):
        self._function = function
        self._selector = selector
        self._groups = Remembered(group_by_labels if keeps_name else nameless_groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        windows = self._selector.windows(evaluation)
        values, present = self._function(windows)
        return merge(self._groups(windows.labels), values, present, whole_range=True)


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
        matchers = vector.matchers if isinstance(vector, InstantSelector) else ()
        self._labels = [labels_of_absence(matchers)]

    def evaluate(self, evaluation: Evaluation) -> Grid:
        present = self._vector.evaluate(evaluation).present.any(axis=0)
        return Grid(self._labels, np.ones((1, len(present))), ~present[None, :])


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


def _at_least(values: np.ndarray, lowest: np.ndarray) -> np.ndarray:
    """Go's math.Max: NaN where either is NaN, except that +Inf wins even over NaN."""
    return np.where(np.isposinf(lowest) | np.isposinf(values), np.inf, np.maximum(values, lowest))


def _at_most(values: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Go's math.Min: NaN where either is NaN, except that -Inf wins even over NaN."""
    return np.where(np.isneginf(highest) | np.isneginf(values), -np.inf, np.minimum(values, highest))


def _round(values: np.ndarray, to_nearest: np.ndarray) -> np.ndarray:
    """To the nearest multiple, ties upwards: floor(v / n + 0.5) * n, by way of 1 / n as Prometheus does it."""
    inverse = 1.0 / to_nearest
    return np.floor(values * inverse + 0.5) / inverse


def _of_range(function: range_functions.RangeFunction, keeps_name: bool = False) -> Callable[[list[Node]], Node]:
    def build(arguments: list[Node]) -> Node:
        (selector,) = arguments
        if not isinstance(selector, RangeSelector):
            raise QueryError("needs a range vector selector like x[5m] as its argument")
        return RangeCall(function, selector, keeps_name)

    return build


def _elementwise(function: Callable[..., np.ndarray], *defaults: float) -> Callable[[list[Node]], Node]:
    def build(arguments: list[Node]) -> Node:
        vector, *scalars = arguments
        missing = defaults[len(scalars) :]
        return ElementwiseCall(function, vector, [*scalars, *map(Constant, missing)])

    return build


def _plain(node_class: type) -> Callable[[list[Node]], Node]:
    return lambda arguments: node_class(*arguments)


# The parser has checked number and types of the arguments when one of these is called with them.
FUNCTIONS: Mapping[str, Callable[[list[Node]], Node]] = MappingProxyType(
    {
        "abs": _elementwise(np.abs),
        "absent": _plain(Absent),
        "avg_over_time": _of_range(range_functions.avg_over_time),
        "ceil": _elementwise(np.ceil),
        "clamp_max": _elementwise(_at_most),
        "clamp_min": _elementwise(_at_least),
        "count_over_time": _of_range(range_functions.count_over_time),
        "delta": _of_range(range_functions.delta),
        "floor": _elementwise(np.floor),
        "increase": _of_range(range_functions.increase),
        "irate": _of_range(range_functions.irate),
        "last_over_time": _of_range(range_functions.last_over_time, keeps_name=True),
        "max_over_time": _of_range(range_functions.max_over_time),
        "min_over_time": _of_range(range_functions.min_over_time),
        "rate": _of_range(range_functions.rate),
        "round": _elementwise(_round, 1.0),
        "scalar": _plain(ScalarOfVector),
        "sum_over_time": _of_range(range_functions.sum_over_time),
        "time": _plain(Time),
        "timestamp": _plain(Timestamp),
        "vector": _plain(VectorOfScalar),
    }
)
