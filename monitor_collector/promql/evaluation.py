"""What an evaluator knows while it runs, and what every part of a compiled query looks like."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from monitor_collector.promql.storage import Storage
from monitor_collector.promql.values import Grid

ValueType = Literal["vector", "scalar", "string", "matrix"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run over a grid of steps: `times_ms` (int64, ascending, Unix milliseconds) has the shape (steps,)."""

    storage: Storage
    times_ms: np.ndarray
    lookback_ms: int

    @property
    def is_instant(self) -> bool:
        """Whether there is only one step."""
        return len(self.times_ms) == 1


class Node(Protocol):
    """A part of a compiled query. Its value is a Grid (vector), an array of shape (steps,) (scalar) or a str."""

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
