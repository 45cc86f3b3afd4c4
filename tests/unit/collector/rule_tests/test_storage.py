"""The samples of a simulation."""

from __future__ import annotations

import numpy as np
import pytest

from monitor_collector.promql import STALE_MARKER, Matcher
from monitor_collector.rule_tests.storage import DuplicateSample, SimulatedStorage
from monitor_collector.samples import metric

UP = [Matcher("__name__", "=", "up")]


@pytest.fixture
def storage() -> SimulatedStorage:
    storage = SimulatedStorage()
    storage.give(metric("up", job="b"), [0, 10, 20], [1, 2, 3])
    storage.give(metric("up", job="a"), [10], [5])
    return storage


def seen(storage: SimulatedStorage, start_ms: int = -1, end_ms: int = 100) -> list[tuple[str, list[int], list[float]]]:
    return [
        (dict(one.labels)["job"], one.timestamps.tolist(), one.values.tolist())
        for one in storage.select(UP, start_ms, end_ms)
    ]


def test_nothing_of_the_future_is_seen(storage: SimulatedStorage) -> None:
    assert seen(storage) == [("b", [0], [1])]
    storage.now_ms = 10
    assert seen(storage) == [("a", [10], [5]), ("b", [0, 10], [1, 2])]
    assert seen(storage, 0, 10) == [("a", [10], [5]), ("b", [10], [2])]


def test_what_rules_add_is_there_at_once_and_for_long(storage: SimulatedStorage) -> None:
    for at_ms in range(200):
        storage.now_ms = at_ms
        storage.add([(metric("up", job="c"), at_ms)], at_ms)
    ((name, timestamps, values),) = [one for one in seen(storage, end_ms=1000) if one[0] == "c"]
    assert (name, timestamps, values) == ("c", list(range(200)), [float(at_ms) for at_ms in range(200)])


def test_a_rule_may_add_to_a_given_series_but_not_contradict_it(storage: SimulatedStorage) -> None:
    storage.now_ms = 20
    storage.add([(metric("up", job="b"), 9)], 15)
    storage.add([(metric("up", job="b"), 2)], 10)
    storage.add([(metric("up", job="b"), STALE_MARKER)], 10)
    assert seen(storage)[1] == ("b", [0, 10, 15, 20], [1, 2, 9, 3])
    with pytest.raises(DuplicateSample, match="the value 4 that already has the value 2"):
        storage.add([(metric("up", job="b"), 4)], 10)


def test_series_are_found_by_any_matcher(storage: SimulatedStorage) -> None:
    storage.now_ms = 20
    assert len(storage.select([Matcher("job", "=~", "a|b")], -1, 20)) == 2
    assert storage.select([Matcher("__name__", "=", "down")], -1, 20) == []
    storage.add([(metric("down", job="a"), np.float64(1))], 20)
    assert len(storage.select([Matcher("job", "=~", "a|b")], -1, 20)) == 3
