"""The samples of one simulation: what was given at the start, seen as time goes on, and what rules add."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from monitor_collector.promql import METRIC_NAME, Labels, Matcher, Series, all_match
from monitor_collector.promql.values import is_stale

_FIRST_ROOM = 64


class DuplicateSample(Exception):
    """A rule gives a series another value at a moment at which it has one already."""


class _Samples:
    """One series; the arrays have room for more than the `count` samples that are there."""

    def __init__(self, timestamps: np.ndarray, values: np.ndarray) -> None:
        self.timestamps = timestamps
        self.values = values
        self.count = len(timestamps)

    def put(self, timestamp_ms: int, value: float) -> None:
        if self.count and self.timestamps[self.count - 1] >= timestamp_ms:
            self._insert(timestamp_ms, value)
            return
        if self.count == len(self.timestamps):
            room = max(self.count, _FIRST_ROOM)
            self.timestamps = np.concatenate((self.timestamps, np.zeros(room, dtype=np.int64)))
            self.values = np.concatenate((self.values, np.zeros(room)))
        self.timestamps[self.count] = timestamp_ms
        self.values[self.count] = value
        self.count += 1

    def _insert(self, timestamp_ms: int, value: float) -> None:
        """The series was given and has samples yet to come, or two rules write it."""
        position = int(np.searchsorted(self.timestamps[: self.count], timestamp_ms))
        if self.timestamps[position] == timestamp_ms:
            before = self.values[position]
            # Where two rules write a series, one of them may end what the other one goes on with.
            if value != before and not is_stale(np.array([value]))[0]:
                raise DuplicateSample(f"gives a series the value {value:g} that already has the value {before:g} then")
            return
        self.timestamps = np.insert(self.timestamps[: self.count], position, timestamp_ms)
        self.values = np.insert(self.values[: self.count], position, value)
        self.count += 1


class SimulatedStorage:
    """Series in memory. Nothing later than `now_ms` is seen, whatever has been given."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._by_name: dict[str, dict[Labels, _Samples]] = {}
        self._found: dict[tuple[Matcher, ...], list[tuple[Labels, _Samples]]] = {}

    def give(self, labels: Labels, timestamps_ms: Sequence[int], values: Sequence[float]) -> None:
        """Sets the samples of a series, in ascending order; those it had are gone."""
        samples = _Samples(np.array(timestamps_ms, dtype=np.int64), np.array(values, dtype=np.float64))
        self._by_name.setdefault(dict(labels).get(METRIC_NAME, ""), {})[labels] = samples
        self._found.clear()

    def add(self, samples: Iterable[tuple[Labels, float]], at_ms: int) -> None:
        """What a rule gives at a moment. DuplicateSample where that contradicts what is there."""
        for labels, value in samples:
            of_name = self._by_name.setdefault(dict(labels).get(METRIC_NAME, ""), {})
            series = of_name.get(labels)
            if series is None:
                series = of_name[labels] = _Samples(np.zeros(0, dtype=np.int64), np.zeros(0))
                self._found.clear()
            series.put(at_ms, value)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """As `promql.Storage`, sorted by labels."""
        end_ms = min(end_ms, self.now_ms)
        selected = []
        for labels, samples in self._matching(tuple(matchers)):
            timestamps = samples.timestamps[: samples.count]
            first, past = timestamps.searchsorted((start_ms, end_ms), side="right").tolist()
            if past > first:
                selected.append(Series(labels, timestamps[first:past], samples.values[first:past]))
        return selected

    def _matching(self, matchers: tuple[Matcher, ...]) -> list[tuple[Labels, _Samples]]:
        found = self._found.get(matchers)
        if found is None:
            name = next((one.value for one in matchers if one.name == METRIC_NAME and one.op == "="), None)
            groups = self._by_name.values() if name is None else [self._by_name.get(name, {})]
            found = [pair for group in groups for pair in group.items() if all_match(matchers, pair[0])]
            self._found[matchers] = found = sorted(found, key=lambda pair: pair[0])
        return found
