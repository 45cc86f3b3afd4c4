"""Unary and binary operators between scalars and vectors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from monitor_collector.promql.elementwise import power
from monitor_collector.promql.evaluation import Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels
from monitor_collector.promql.relabelled import Groups, group_by_labels, merge, nameless_groups
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.values import Grid
from monitor_collector.promql.vector_matching import (
    Matching,
    Pairs,
    count_pairs,
    pair_up,
    refuse_rival_ones,
    refuse_rival_pairs,
)

# Division, remainder and power follow IEEE 754 as in Go: 1 / 0 is +Inf, -5 % 3 is -2.
ARITHMETIC: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = MappingProxyType(
    {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "%": np.fmod,
        "^": power,
        "atan2": np.arctan2,
    }
)
COMPARISONS: Mapping[str, np.ufunc] = MappingProxyType(
    {
        "==": np.equal,
        "!=": np.not_equal,
        ">": np.greater,
        "<": np.less,
        ">=": np.greater_equal,
        "<=": np.less_equal,
    }
)
SET_OPERATORS = frozenset({"and", "or", "unless"})


@dataclass(frozen=True, slots=True)
class Operation:
    """An arithmetic or comparison operator; with `returns_bool` a comparison gives 0 or 1 instead of filtering."""

    symbol: str
    returns_bool: bool = False

    @property
    def drops_name(self) -> bool:
        """Whether the result is another quantity than the operands, so that the metric's name must go."""
        return self.returns_bool or self.symbol in ARITHMETIC

    def compute(self, left: np.ndarray, right: np.ndarray, kept_operand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and which of them are kept; a filtering comparison passes `kept_operand` on."""
        if self.symbol in ARITHMETIC:
            values = ARITHMETIC[self.symbol](left, right)
            return values, np.ones(values.shape, dtype=bool)
        holds = COMPARISONS[self.symbol](left, right)
        if self.returns_bool:
            return holds.astype(np.float64), np.ones(holds.shape, dtype=bool)
        return np.broadcast_to(kept_operand, holds.shape), holds


class ScalarNegation:
    """`-time()`."""

    value_type: ValueType = "scalar"

    def __init__(self, operand: Node):
        self._operand = operand

    def evaluate(self, evaluation: Evaluation) -> np.ndarray:
        return -self._operand.evaluate(evaluation)


class VectorNegation:
    """`-x`, without the metric's name."""

    value_type: ValueType = "vector"

    def __init__(self, operand: Node):
        self._operand = operand
        self._groups = Remembered(nameless_groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._operand.evaluate(evaluation)
        return merge(self._groups(grid.labels), -grid.values, grid.present, whole_range=True)


class ScalarBinary:
    """An operation between two scalars; comparisons give 0 or 1."""

    value_type: ValueType = "scalar"

    def __init__(self, operation: Operation, left: Node, right: Node):
        self._operation = operation
        self._left = left
        self._right = right

    def evaluate(self, evaluation: Evaluation) -> np.ndarray:
        left, right = self._left.evaluate(evaluation), self._right.evaluate(evaluation)
        return self._operation.compute(left, right, left)[0]


class VectorScalarBinary:
    """An operation between each sample of a vector and a scalar; a filter keeps the sample, whichever side it is on."""

    value_type: ValueType = "vector"

    def __init__(self, operation: Operation, vector: Node, scalar: Node, vector_is_left: bool):
        self._operation = operation
        self._vector = vector
        self._scalar = scalar
        self._vector_is_left = vector_is_left
        self._groups = Remembered(nameless_groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._vector.evaluate(evaluation)
        scalar = self._scalar.evaluate(evaluation)
        left, right = (grid.values, scalar) if self._vector_is_left else (scalar, grid.values)
        values, kept = self._operation.compute(left, right, grid.values)
        if not self._operation.drops_name:
            return Grid(grid.labels, values, grid.present & kept)
        return merge(self._groups(grid.labels), values, grid.present & kept)


class VectorBinary:
    """An operation between the matching samples of two vectors; a filter keeps the left sample's value."""

    value_type: ValueType = "vector"

    def __init__(self, operation: Operation, matching: Matching, left: Node, right: Node):
        self._operation = operation
        self._matching = matching
        self._left = left
        self._right = right
        self._pair_count = Remembered(partial(count_pairs, matching))
        self._pairs = Remembered(self._pair_up)

    def _pair_up(self, many: list[Labels], one: list[Labels]) -> Pairs:
        return pair_up(self._matching, self._operation.drops_name, many, one)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        left, right = self._left.evaluate(evaluation), self._right.evaluate(evaluation)
        left_is_one = self._matching.cardinality == "one-to-many"
        many, one = (right, left) if left_is_one else (left, right)
        evaluation.limits.allow(self._pair_count(many.labels, one.labels) * len(evaluation.times_ms))
        pairs = self._pairs(many.labels, one.labels)
        refuse_rival_ones(self._matching, pairs, many.present, one.present, one.labels)
        variant_values, variant_present = pairs.variants.overlay(one.values, one.present)
        many_values, one_values = many.values[pairs.many], variant_values[pairs.one]
        left_values, right_values = (one_values, many_values) if left_is_one else (many_values, one_values)
        values, kept = self._operation.compute(left_values, right_values, left_values)
        kept &= many.present[pairs.many] & variant_present[pairs.one]
        refuse_rival_pairs(self._matching, pairs, kept)
        return merge(pairs.results, values, kept)


@dataclass(frozen=True, slots=True, eq=False)
class SharedSignatures:
    """Numbers of the signatures of the rows of two sides, and the labels of both sides' rows together."""

    left: np.ndarray
    right: np.ndarray
    count: int
    union: Groups


class SetOperation:
    """`and`, `or`, `unless`: samples kept or left out because of what the other side has."""

    value_type: ValueType = "vector"

    def __init__(self, symbol: str, matching: Matching, left: Node, right: Node):
        self._symbol = symbol
        self._matching = matching
        self._left = left
        self._right = right
        self._signatures = Remembered(self._number_signatures)

    def _number_signatures(self, left: list[Labels], right: list[Labels]) -> SharedSignatures:
        numbers: dict[Labels, int] = {}
        left_numbers = [numbers.setdefault(self._matching.signature(labels), len(numbers)) for labels in left]
        right_numbers = [numbers.setdefault(self._matching.signature(labels), len(numbers)) for labels in right]
        return SharedSignatures(
            np.array(left_numbers, dtype=np.intp),
            np.array(right_numbers, dtype=np.intp),
            len(numbers),
            group_by_labels([*left, *right] if self._symbol == "or" else left),
        )

    def evaluate(self, evaluation: Evaluation) -> Grid:
        left, right = self._left.evaluate(evaluation), self._right.evaluate(evaluation)
        signatures = self._signatures(left.labels, right.labels)
        if self._symbol == "or":
            on_left = _seen(signatures.left, signatures.count, left.present)
            values = np.concatenate((left.values, right.values))
            present = np.concatenate((left.present, right.present & ~on_left[signatures.right]))
            return merge(signatures.union, values, present)
        on_right = _seen(signatures.right, signatures.count, right.present)[signatures.left]
        return Grid(left.labels, left.values, left.present & (on_right if self._symbol == "and" else ~on_right))


def _seen(numbers: np.ndarray, count: int, present: np.ndarray) -> np.ndarray:
    """For each signature and step whether any row of that signature is present."""
    seen = np.zeros((count, present.shape[1]), dtype=bool)
    np.logical_or.at(seen, numbers, present)
    return seen
