"""The values queries are made of: series as stored, results as returned, and the grids in between.

Inside the evaluator a vector is a `Grid`: one row per series, one column per step. NaN is a real value in
PromQL, so whether a sample is there is a mask of its own. An instant query is a grid with one column.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from monitor_collector.promql.labels import Labels

# Prometheus' stale marker: the NaN that says "this series ended here" (model/value/value.go, StaleNaN).
STALE_BITS = 0x7FF0000000000002
STALE_MARKER = np.array([STALE_BITS], dtype=np.uint64).view(np.float64)[0]


class Series(NamedTuple):
    """Samples of one series: timestamps in Unix milliseconds (int64, ascending) and values (float64)."""

    labels: Labels
    timestamps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """The result of an instant query: `values` has the shape (series,)."""

    labels: list[Labels]
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number without labels, the result of an instant query like `1 + 1` or `time()`."""

    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Series over time, sorted by labels: the result of a range query or of a bare range selector."""

    series: list[Series]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Vectors over steps: `values` and `present` have the shape (series, steps); absent values mean nothing.

    Label sets may repeat as long as no step has two of them present.
    """

    labels: list[Labels]
    values: np.ndarray
    present: np.ndarray


def is_stale(values: np.ndarray) -> np.ndarray:
    """Where an array of float64 holds the stale marker, told apart from every other NaN by its bits."""
    return values.view(np.uint64) == STALE_BITS
