"""A compiled query, ready to be evaluated any number of times."""

import numpy as np

from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels
from monitor_collector.promql.limits import Limits, Unlimited
from monitor_collector.promql.selectors import RangeSelector, SubQuery, raw_series
from monitor_collector.promql.storage import Storage
from monitor_collector.promql.values import Grid, Matrix, Scalar, Series, Vector

DEFAULT_LOOKBACK_MS = 300_000
_UNLIMITED = Unlimited()


class Expression:
    """A checked PromQL expression. It keeps nothing of the data but label sets, and may be shared by threads."""

    def __init__(self, text: str, node: Node):
        self.text = text
        self._node = node

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @property
    def value_type(self) -> ValueType:
        """What an instant query returns: "vector", "scalar", "string" or "matrix"."""
        return self._node.value_type

    def evaluate(
        self,
        storage: Storage,
        at_ms: int,
        lookback_ms: int = DEFAULT_LOOKBACK_MS,
        limits: Limits = _UNLIMITED,
    ) -> Vector | Scalar | Matrix | str:
        """The value at one moment in Unix milliseconds.

        A sample counts as current for `lookback_ms`. A bare range selector or sub-query gives a Matrix of its samples.
        EvaluationError where the data does not allow the operation, and what `limits` raises.
        """
        evaluation = Evaluation(storage, np.array([at_ms], dtype=np.int64), lookback_ms, limits, at_ms, at_ms)
        with np.errstate(all="ignore"):
            if isinstance(self._node, RangeSelector | SubQuery):
                return Matrix(_sorted(raw_series(self._node.windows(evaluation))))
            value = self._node.evaluate(evaluation)
        if isinstance(value, str):
            return value
        if isinstance(value, Grid):
            return _vector(value)
        return Scalar(float(value[0]))

    def evaluate_range(
        self,
        storage: Storage,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        lookback_ms: int = DEFAULT_LOOKBACK_MS,
        limits: Limits = _UNLIMITED,
    ) -> Matrix:
        """The value at start, start + step, … up to and including the end; a scalar as one series without labels.

        QueryError for a type other than vector or scalar, a step that is not positive, or an end before the start.
        """
        if self.value_type not in ("vector", "scalar"):
            message = (
                f'invalid expression type "{_PROMETHEUS_TYPES[self.value_type]}" for range query,'
                " must be Scalar or instant Vector"
            )
            raise QueryError(message)
        if step_ms <= 0:
            raise QueryError("the step of a range query must be positive")
        if end_ms < start_ms:
            raise QueryError("the end of a range query must not be before its start")
        limits.allow((end_ms - start_ms) // step_ms + 1)
        times = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
        with np.errstate(all="ignore"):
            value = self._node.evaluate(Evaluation(storage, times, lookback_ms, limits, start_ms, end_ms))
        if isinstance(value, Grid):
            return Matrix(_sorted(_series_of(value, times)))
        return Matrix([Series((), times, value)])


_PROMETHEUS_TYPES = {"string": "string", "matrix": "range vector"}


def _vector(grid: Grid) -> Vector:
    present = grid.present[:, 0]
    if present.all():
        return Vector(list(grid.labels), grid.values[:, 0].copy())
    rows = np.flatnonzero(present)
    return Vector([grid.labels[row] for row in rows], grid.values[rows, 0])


def _series_of(grid: Grid, times: np.ndarray) -> list[Series]:
    """The rows as series; rows with equal labels, which are never present together, become one."""
    by_labels: dict[Labels, list[int]] = {}
    for row in np.flatnonzero(grid.present.any(axis=1)).tolist():
        by_labels.setdefault(grid.labels[row], []).append(row)
    series = []
    for labels, rows in by_labels.items():
        values, present = grid.values[rows[0]], grid.present[rows[0]]
        if len(rows) > 1:
            owners = np.array(rows)[grid.present[rows].argmax(axis=0)]
            values, present = grid.values[owners, np.arange(len(times))], grid.present[rows].any(axis=0)
        # Those that have a value at every step share the array of times.
        is_whole = present.all()
        series.append(Series(labels, *((times, values) if is_whole else (times[present], values[present]))))
    return series


def _sorted(series: list[Series]) -> list[Series]:
    return sorted(series, key=lambda one: one.labels)
