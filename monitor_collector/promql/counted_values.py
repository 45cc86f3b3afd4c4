"""`count_values("version", v)`: how many series of a group have each value, the value as a label."""

import numpy as np

from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.evaluation import Constant, Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels, only, with_label, without
from monitor_collector.promql.relabelled import group_by_labels
from monitor_collector.promql.values import Grid


class CountValues:
    """One series per group and value. Label sets depend on values here, so nothing about them is remembered."""

    value_type: ValueType = "vector"

    def __init__(self, label: Node, vector: Node, names: frozenset[str], is_without: bool):
        self._label = str(label.value) if isinstance(label, Constant) else ""
        if not self._label:
            raise QueryError("needs the name of a label as its first argument")
        self._vector = vector
        self._names = names if is_without else names | {self._label}
        self._key = without if is_without else only

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._vector.evaluate(evaluation)
        rows, steps = np.nonzero(grid.present)
        # By bits, since -0 and 0 are printed differently; all NaN are printed the same.
        values = grid.values[rows, steps]
        values[np.isnan(values)] = np.nan
        bits, number_of_sample = np.unique(values.view(np.uint64), return_inverse=True)
        texts = [_printed(value) for value in bits.view(np.float64)]
        pairs, pair_of_sample = np.unique(rows * len(texts) + number_of_sample, return_inverse=True)
        keys = [self._labels(grid.labels[pair // len(texts)], texts[pair % len(texts)]) for pair in pairs.tolist()]
        groups = group_by_labels(keys)
        evaluation.limits.allow(len(groups.labels) * len(evaluation.times_ms))
        counts = np.zeros((len(groups.labels), len(evaluation.times_ms)))
        np.add.at(counts, (groups.numbers()[pair_of_sample], steps), 1.0)
        return Grid(groups.labels, counts, counts > 0)

    def _labels(self, labels: Labels, value: str) -> Labels:
        return self._key(with_label(labels, self._label, value), self._names)


def _printed(value: float) -> str:
    """As Go's strconv.FormatFloat(value, 'f', -1, 64) prints it: the shortest that reads back, without exponent."""
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return np.format_float_positional(value, trim="-")
