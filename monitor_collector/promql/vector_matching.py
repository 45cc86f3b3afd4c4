"""Vector matching: which series of one side meets which of the other, and under which labels.

Source: VectorBinop, signatureFunc and resultMetric in Prometheus' promql/engine.go.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitor_collector.promql.errors import EvaluationError
from monitor_collector.promql.labels import METRIC_NAME, Labels, only, text_of, with_labels_of, without
from monitor_collector.promql.relabelled import Groups, group_by_labels

Cardinality = Literal["one-to-one", "many-to-one", "one-to-many"]


@dataclass(frozen=True, slots=True)
class Matching:
    """`on (…)` or `ignoring (…)`, with `group_left`/`group_right` and the labels they bring along."""

    label_names: frozenset[str] = frozenset()
    is_on: bool = False
    cardinality: Cardinality = "one-to-one"
    included: tuple[str, ...] = ()

    def signature(self, labels: Labels) -> Labels:
        """The labels two series must share to match."""
        if self.is_on:
            return only(labels, self.label_names)
        return without(labels, self.label_names | {METRIC_NAME})

    def result_labels(self, many: Labels, one: Labels, drops_name: bool) -> Labels:
        """The labels of the result of two matching series."""
        if drops_name:
            many = without(many, (METRIC_NAME,))
        if self.cardinality != "one-to-one":
            return with_labels_of(many, one, self.included)
        return only(many, self.label_names) if self.is_on else without(many, self.label_names)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Every two rows that match: many[i] meets one[i], at the steps where both are present.

    Three kinds of rows must not be present together: those of the one side that share a signature, and pairs
    that share one, or share it and also the labels of the result. Only groups of two and more are listed.
    """

    many: np.ndarray
    one: np.ndarray
    results: Groups
    rival_ones: list[np.ndarray]
    rival_pairs: list[np.ndarray]


def pair_up(matching: Matching, drops_name: bool, many: list[Labels], one: list[Labels]) -> Pairs:
    """All matching rows of the many side and the one side (in one-to-one matching, the left and the right)."""
    ones_by_signature: dict[Labels, list[int]] = {}
    for row, labels in enumerate(one):
        ones_by_signature.setdefault(matching.signature(labels), []).append(row)
    signatures = [matching.signature(labels) for labels in many]
    pairs = [(row, other) for row, key in enumerate(signatures) for other in ones_by_signature.get(key, ())]
    results = [matching.result_labels(many[row], one[other], drops_name) for row, other in pairs]
    rivals: dict[object, list[int]] = {}
    for number, ((row, _), labels) in enumerate(zip(pairs, results, strict=True)):
        key = signatures[row] if matching.cardinality == "one-to-one" else (signatures[row], labels)
        rivals.setdefault(key, []).append(number)
    rows = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return Pairs(
        rows[:, 0],
        rows[:, 1],
        group_by_labels(results),
        _several(ones_by_signature),
        _several(rivals),
    )


def _several(groups: dict) -> list[np.ndarray]:
    return [np.array(rows) for rows in groups.values() if len(rows) > 1]


def refuse_rival_ones(
    matching: Matching, pairs: Pairs, many_present: np.ndarray, one_present: np.ndarray, one_labels: list[Labels]
) -> None:
    """EvaluationError where the one side has two series for a signature at a step at which both sides have any."""
    if not pairs.rival_ones:
        return
    active = many_present.any(axis=0)
    for rows in pairs.rival_ones:
        crowded = active & (one_present[rows].sum(axis=0) > 1)
        if not crowded.any():
            continue
        step = int(np.argmax(crowded))
        first, second = rows[one_present[rows, step]][:2]
        side = "left" if matching.cardinality == "one-to-many" else "right"
        raise EvaluationError(
            f"found duplicate series for the match group {text_of(matching.signature(one_labels[first]))} on the"
            f" {side} hand-side of the operation: [{text_of(one_labels[second])}, {text_of(one_labels[first])}]"
            ";many-to-many matching not allowed: matching labels must be unique on one side"
        )


def refuse_rival_pairs(matching: Matching, pairs: Pairs, kept: np.ndarray) -> None:
    """EvaluationError where results at one step would come from several series of the many side."""
    for rows in pairs.rival_pairs:
        if (kept[rows].sum(axis=0) > 1).any():
            raise EvaluationError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                if matching.cardinality == "one-to-one"
                else "multiple matches for labels: grouping labels must ensure unique matches"
            )
