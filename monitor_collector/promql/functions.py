"""The functions a query may call: one registry from the name to how the call is evaluated."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from monitor_collector.promql import elementwise, range_functions, window_statistics
from monitor_collector.promql.calls import (
    Absent,
    AbsentOverTime,
    Clamp,
    ElementwiseCall,
    RangeCall,
    ScalarOfVector,
    Sorted,
    Time,
    Timestamp,
    VectorOfScalar,
)
from monitor_collector.promql.evaluation import Constant, Node
from monitor_collector.promql.histograms import HistogramQuantile
from monitor_collector.promql.label_functions import label_join, label_replace

Build = Callable[[list[Node]], Node]


def _of_range(function: range_functions.RangeFunction, keeps_name: bool = False) -> Build:
    return lambda arguments: RangeCall(function, arguments, keeps_name)


def _elementwise(function: Callable[..., np.ndarray], *defaults: float) -> Build:
    def build(arguments: list[Node]) -> Node:
        vector, *scalars = arguments
        missing = defaults[len(scalars) :]
        return ElementwiseCall(function, vector, [*scalars, *map(Constant, missing)])

    return build


def _of_date(function: Callable[[np.ndarray], np.ndarray]) -> Build:
    def build(arguments: list[Node]) -> Node:
        (vector,) = arguments or [VectorOfScalar(Time())]
        return ElementwiseCall(function, vector, [])

    return build


def _plain(node_class: Callable[..., Node]) -> Build:
    return lambda arguments: node_class(*arguments)


# The parser has checked number and types of the arguments when one of these is called with them.
FUNCTIONS: Mapping[str, Build] = MappingProxyType(
    {
        "abs": _elementwise(np.abs),
        "absent": _plain(Absent),
        "absent_over_time": _plain(AbsentOverTime),
        "acos": _elementwise(np.arccos),
        "acosh": _elementwise(np.arccosh),
        "asin": _elementwise(np.arcsin),
        "asinh": _elementwise(np.arcsinh),
        "atan": _elementwise(np.arctan),
        "atanh": _elementwise(np.arctanh),
        "avg_over_time": _of_range(range_functions.avg_over_time),
        "ceil": _elementwise(np.ceil),
        "changes": _of_range(range_functions.changes),
        "clamp": lambda arguments: Clamp(elementwise.between, arguments[0], arguments[1:]),
        "clamp_max": _elementwise(elementwise.at_most),
        "clamp_min": _elementwise(elementwise.at_least),
        "cos": _elementwise(np.cos),
        "cosh": _elementwise(np.cosh),
        "count_over_time": _of_range(range_functions.count_over_time),
        "day_of_month": _of_date(elementwise.day_of_month),
        "day_of_week": _of_date(elementwise.day_of_week),
        "day_of_year": _of_date(elementwise.day_of_year),
        "days_in_month": _of_date(elementwise.days_in_month),
        "deg": _elementwise(np.degrees),
        "delta": _of_range(range_functions.delta),
        "deriv": _of_range(window_statistics.deriv),
        "double_exponential_smoothing": _of_range(window_statistics.double_exponential_smoothing),
        "exp": _elementwise(np.exp),
        "floor": _elementwise(np.floor),
        "histogram_quantile": _plain(HistogramQuantile),
        "hour": _of_date(elementwise.hour),
        "idelta": _of_range(range_functions.idelta),
        "increase": _of_range(range_functions.increase),
        "irate": _of_range(range_functions.irate),
        "label_join": label_join,
        "label_replace": label_replace,
        "last_over_time": _of_range(range_functions.last_over_time, keeps_name=True),
        "ln": _elementwise(np.log),
        "log10": _elementwise(np.log10),
        "log2": _elementwise(np.log2),
        "max_over_time": _of_range(range_functions.max_over_time),
        "min_over_time": _of_range(range_functions.min_over_time),
        "minute": _of_date(elementwise.minute),
        "month": _of_date(elementwise.month),
        "pi": lambda arguments: Constant(math.pi),
        "predict_linear": _of_range(window_statistics.predict_linear),
        "present_over_time": _of_range(range_functions.present_over_time),
        "quantile_over_time": _of_range(window_statistics.quantile_over_time),
        "rad": _elementwise(np.radians),
        "rate": _of_range(range_functions.rate),
        "resets": _of_range(range_functions.resets),
        "round": _elementwise(elementwise.round_to, 1.0),
        "scalar": _plain(ScalarOfVector),
        "sgn": _elementwise(elementwise.sign),
        "sin": _elementwise(np.sin),
        "sinh": _elementwise(np.sinh),
        "sort": lambda arguments: Sorted(arguments[0], descending=False),
        "sort_desc": lambda arguments: Sorted(arguments[0], descending=True),
        "sqrt": _elementwise(np.sqrt),
        "stddev_over_time": _of_range(window_statistics.stddev_over_time),
        "stdvar_over_time": _of_range(window_statistics.stdvar_over_time),
        "sum_over_time": _of_range(range_functions.sum_over_time),
        "tan": _elementwise(np.tan),
        "tanh": _elementwise(np.tanh),
        "time": _plain(Time),
        "timestamp": _plain(Timestamp),
        "vector": _plain(VectorOfScalar),
        "year": _of_date(elementwise.year),
    }
)

# Of these the answer depends on the time of evaluation, even where their arguments do not.
TIME_DEPENDENT = frozenset(
    {
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "days_in_month",
        "hour",
        "minute",
        "month",
        "predict_linear",
        "time",
        "timestamp",
        "year",
    }
)
