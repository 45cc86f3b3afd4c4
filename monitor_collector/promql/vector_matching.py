"""Vector matching: which series of one side meets which of the other, and under which labels.

Source: VectorBinop, signatureFunc and resultMetric in Prometheus' promql/engine.go.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitor_collector.promql.errors import EvaluationError
from monitor_collector.promql.labels import METRIC_NAME, Labels, only, text_of, with_labels_of, without
from monitor_collector.promql.relabelled import Groups, group_by_labels, group_by_numbers

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

    def variant(self, one: Labels) -> tuple[Labels, Labels]:
        """What the result depends on in the labels of the one side: the signature and the labels brought along."""
        return self.signature(one), only(one, self.included)

    def result_labels(self, many: Labels, one: Labels, drops_name: bool) -> Labels:
        """The labels of the result of two matching series; of the one side only those brought along matter."""
        if drops_name:
            many = without(many, (METRIC_NAME,))
        if self.cardinality != "one-to-one":
            return with_labels_of(many, one, self.included)
        return only(many, self.label_names) if self.is_on else without(many, self.label_names)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Every two that match: row many[i] meets variant one[i], at the steps where both are present.

    Rows of the one side that have the same signature and bring along the same labels can replace each other without
    anybody noticing: `variants` groups them, so that series which come and go do not multiply the pairs.

    Three kinds must not be present together: rows of the one side that share a signature, and pairs that share one, or
    share it and also the labels of the result. Only groups of two and more are listed.
    """

    variants: Groups
    many: np.ndarray
    one: np.ndarray
    results: Groups
    rival_ones: list[np.ndarray]
    rival_pairs: list[np.ndarray]


def count_pairs(matching: Matching, many: list[Labels], one: list[Labels]) -> int:
    """How many pairs `pair_up` will list, which can be as many as the product of both sides."""
    variants = {matching.variant(labels) for labels in one}
    variants_of_signature = Counter(signature for signature, _ in variants)
    return sum(variants_of_signature[matching.signature(labels)] for labels in many)


def pair_up(matching: Matching, drops_name: bool, many: list[Labels], one: list[Labels]) -> Pairs:
    """All matching rows of the many side and the one side (in one-to-one matching, the left and the right)."""
    keys = [matching.variant(labels) for labels in one]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    variants_by_signature: dict[Labels, list[int]] = {}
    for (signature, _), number in numbers.items():
        variants_by_signature.setdefault(signature, []).append(number)
    rows_by_signature: dict[Labels, list[int]] = {}
    for row, (signature, _) in enumerate(keys):
        rows_by_signature.setdefault(signature, []).append(row)
    included = [labels for _, labels in numbers]
    signatures = [matching.signature(labels) for labels in many]
    pairs = [(row, number) for row, key in enumerate(signatures) for number in variants_by_signature.get(key, ())]
    results = [matching.result_labels(many[row], included[number], drops_name) for row, number in pairs]
    rivals: dict[object, list[int]] = {}
    for pair, ((row, _), labels) in enumerate(zip(pairs, results, strict=True)):
        key = signatures[row] if matching.cardinality == "one-to-one" else (signatures[row], labels)
        rivals.setdefault(key, []).append(pair)
    ends = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return Pairs(
        group_by_numbers([numbers[key] for key in keys], included),
        ends[:, 0],
        ends[:, 1],
        group_by_labels(results),
        _several(rows_by_signature),
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
