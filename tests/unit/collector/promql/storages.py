"""A storage of series held in memory, written the way the tests think of them."""

import re
from collections.abc import Sequence

import numpy as np

from monitor_collector.promql import METRIC_NAME, Labels, Matcher, Series, Vector, all_match


def labels_of(text: str) -> Labels:
    """`up{job="host"}` as a label set."""
    name, _, rest = text.partition("{")
    pairs = re.findall(r'(\w+)="([^"]*)"', rest)
    return tuple(sorted([*pairs, *([(METRIC_NAME, name)] if name else [])]))


class MemoryStorage:
    """Series given as `{'up{job="host"}': {timestamp in seconds: value}}`."""

    def __init__(self, series: dict[str, dict[float, float]]):
        self.series = [
            Series(
                labels_of(text),
                np.array([round(second * 1000) for second in samples], dtype=np.int64),
                np.array(list(samples.values()), dtype=np.float64),
            )
            for text, samples in series.items()
        ]

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        found = []
        for labels, timestamps, values in self.series:
            first, past = timestamps.searchsorted((start_ms, end_ms), side="right")
            if past > first and all_match(matchers, labels):
                found.append(Series(labels, timestamps[first:past], values[first:past]))
        return found

    def labels(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> set[Labels]:
        return {series.labels for series in self.select(matchers, start_ms, end_ms)}


def at_100(series: dict[str, float]) -> MemoryStorage:
    """Every series with one sample, at second 100."""
    return MemoryStorage({text: {100: value} for text, value in series.items()})


def as_dict(vector: Vector) -> dict[Labels, float]:
    """A result as a mapping; no label set may come twice."""
    assert len(set(vector.labels)) == len(vector.labels) == len(vector.values)
    return dict(zip(vector.labels, vector.values.tolist(), strict=True))


def expected(series: dict[str, float]) -> dict[Labels, float]:
    return {labels_of(text): value for text, value in series.items()}
