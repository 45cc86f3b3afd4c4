"""What an evaluator knows while it runs, and what every part of a compiled query looks like."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from monitor_collector.promql.limits import Limits
from monitor_collector.promql.matchers import Matcher
from monitor_collector.promql.storage import Storage
from monitor_collector.promql.values import Grid, Series

ValueType = Literal["vector", "scalar", "string", "matrix"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run over a grid of steps: `times_ms` (int64, ascending, Unix milliseconds) has the shape (steps,).

    `start_ms` and `end_ms` are those of the whole query, which `@ start()` and `@ end()` mean in a sub-query too.
    """

    storage: Storage
    times_ms: np.ndarray
    lookback_ms: int
    limits: Limits
    start_ms: int
    end_ms: int

    @property
    def is_instant(self) -> bool:
        """Whether there is only one step."""
        return len(self.times_ms) == 1

    def at(self, times_ms: np.ndarray) -> "Evaluation":
        """The same run over other steps."""
        return replace(self, times_ms=times_ms)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """Series of the storage, as many as the limits allow."""
        self.limits.allow(0)
        series = self.storage.select(matchers, start_ms, end_ms)
        self.limits.allow(sum([len(one.timestamps) for one in series]))
        return series


class Node(Protocol):
    """A part of a compiled query. Its value is a Grid (vector), an array of shape (steps,) (scalar) or a str.

    Arrays that a node has returned may be views and must not be written to.
    """

    value_type: ValueType

    def evaluate(self, evaluation: Evaluation) -> Grid | np.ndarray | str: ...


class Constant:
    """A number or string literal."""

    def __init__(self, value: float | str):
        self.value = value
        self.value_type: ValueType = "string" if isinstance(value, str) else "scalar"

    def evaluate(self, evaluation: Evaluation) -> np.ndarray | str:
        if isinstance(self.value, str):
            return self.value
        return np.full(len(evaluation.times_ms), self.value)


class StepInvariant:
    """A part whose every selector is pinned by `@`: computed once, for all steps."""

    def __init__(self, node: Node):
        self._node = node
        self.value_type: ValueType = node.value_type

    def evaluate(self, evaluation: Evaluation) -> Grid | np.ndarray:
        if evaluation.is_instant:
            return self._node.evaluate(evaluation)
        value = self._node.evaluate(evaluation.at(evaluation.times_ms[:1]))
        steps = len(evaluation.times_ms)
        if not isinstance(value, Grid):
            return np.broadcast_to(value, (steps,))
        shape = (len(value.labels), steps)
        evaluation.limits.allow(shape[0] * shape[1])
        return Grid(value.labels, np.broadcast_to(value.values, shape), np.broadcast_to(value.present, shape))
