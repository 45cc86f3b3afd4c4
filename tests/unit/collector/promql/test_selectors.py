import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.promql import STALE_MARKER, Labels, Newest, ReadyStorage, Window, parse
from monitor_collector.promql.windows import end_to_end
from tests.unit.collector.promql.storages import MemoryStorage, as_dict, expected


def test_a_sample_is_current_for_less_than_five_minutes() -> None:
    storage = MemoryStorage({"up": {100: 1}})
    assert as_dict(parse("up").evaluate(storage, 100_000)) == expected({"up": 1})
    assert as_dict(parse("up").evaluate(storage, 399_999)) == expected({"up": 1})
    assert as_dict(parse("up").evaluate(storage, 400_000)) == {}
    assert as_dict(parse("up").evaluate(storage, 99_999)) == {}


def test_the_lookback_can_be_chosen() -> None:
    storage = MemoryStorage({"up": {100: 1}})
    assert as_dict(parse("up").evaluate(storage, 109_999, lookback_ms=10_000)) == expected({"up": 1})
    assert as_dict(parse("up").evaluate(storage, 110_000, lookback_ms=10_000)) == {}


def test_a_stale_marker_ends_a_series_at_once() -> None:
    storage = MemoryStorage({"up": {100: 1, 110: STALE_MARKER, 130: 1}})
    grid = parse("up").evaluate_range(storage, 100_000, 140_000, 10_000)
    assert grid.series[0].timestamps.tolist() == [100_000, 130_000, 140_000]
    assert as_dict(parse("up").evaluate(storage, 110_000)) == {}
    assert as_dict(parse("absent(up)").evaluate(storage, 120_000)) == {(): 1}


def test_nan_is_a_value_and_not_a_gap() -> None:
    storage = MemoryStorage({"x": {100: float("nan")}})
    assert np.isnan(parse("x").evaluate(storage, 110_000).values).tolist() == [True]
    assert as_dict(parse("count(x)").evaluate(storage, 110_000)) == {(): 1}


def test_range_functions_skip_stale_markers() -> None:
    storage = MemoryStorage({"x": {100: 1, 110: STALE_MARKER, 120: 3}, "y": {110: STALE_MARKER}})
    assert as_dict(parse("count_over_time(x[1m])").evaluate(storage, 130_000)) == {(): 2}
    assert as_dict(parse("sum_over_time(x[1m])").evaluate(storage, 130_000)) == {(): 4}
    assert as_dict(parse("last_over_time(x[1m])").evaluate(storage, 115_000)) == expected({"x": 1})
    assert as_dict(parse("count_over_time(y[1m])").evaluate(storage, 130_000)) == {}


def test_windows_are_open_on_the_left_and_closed_on_the_right() -> None:
    storage = MemoryStorage({"x": {100: 1, 110: 2, 120: 4}})
    assert as_dict(parse("sum_over_time(x[20s])").evaluate(storage, 120_000)) == {(): 6}
    assert as_dict(parse("sum_over_time(x[20s])").evaluate(storage, 119_999)) == {(): 3}
    series = parse("sum_over_time(x[20s])").evaluate_range(storage, 100_000, 140_000, 10_000).series
    assert series[0].values.tolist() == [1, 3, 6, 4]
    assert series[0].timestamps.tolist() == [100_000, 110_000, 120_000, 130_000]


@pytest.mark.parametrize(("query", "value"), [("x offset 20s", 1), ("x offset -20s", 3), ("x", 2)])
def test_offset_moves_the_moment_of_the_selection(query: str, value: float) -> None:
    storage = MemoryStorage({"x": {100: 1, 120: 2, 140: 3}})
    assert as_dict(parse(query).evaluate(storage, 120_000)) == expected({"x": value})


def test_a_bare_range_selector_gives_the_raw_samples() -> None:
    storage = MemoryStorage({"x": {100: 1, 110: STALE_MARKER, 120: 3}, "a": {100: 5}})
    expression = parse('{__name__=~"x|a"}[1m]')
    assert expression.value_type == "matrix"
    a, x = expression.evaluate(storage, 150_000).series
    assert (a.labels, x.labels) == ((("__name__", "a"),), (("__name__", "x"),))
    assert (x.timestamps.tolist(), x.values.tolist()) == ([100_000, 120_000], [1, 3])


timelines = st.lists(st.integers(-50, 50), max_size=8, unique=True).map(sorted)


@given(st.lists(timelines, max_size=5), st.lists(st.integers(-60, 60), min_size=1, max_size=5))
def test_one_search_over_all_series_finds_what_a_search_in_each_would(lines, edges) -> None:
    series = [((), np.array(line, dtype=np.int64), np.zeros(len(line))) for line in lines]
    samples = end_to_end(series)
    found = samples.count_until(np.array(edges, dtype=np.int64))
    for row, line in enumerate(lines):
        own = [sum(t <= edge for t in line) for edge in edges]
        assert (found[row] - samples.offsets[row]).tolist() == own


class Ready(MemoryStorage, ReadyStorage):
    """Has one series ready, with other samples than it gives when it must select, so that the two can be told apart."""

    def __init__(self, is_ready: bool) -> None:
        super().__init__({"up": {50: 1, 90: 2}, "down": {50: 1, 90: 2}})
        self._is_ready = is_ready
        self._labels: list[Labels] = [(("__name__", "up"),), (("__name__", "down"),)]

    def newest(self, *_: object) -> Newest | None:
        timestamps, values = np.array([91_000, 92_000]), np.array([8.0, 9.0])
        return Newest(self._labels, timestamps, values, np.array([True, False])) if self._is_ready else None

    def window(self, *_: object) -> Window | None:
        timestamps, values = np.array([91_000, 92_000, 93_000]), np.array([8.0, 9.0, 10.0])
        return Window(self._labels, timestamps, values, np.array([1, 2]), np.array([3, 2])) if self._is_ready else None


@pytest.mark.parametrize(
    ("query", "ready", "selected"),
    [
        ("up", {"up": 8}, {"up": 2}),
        ("timestamp(up)", {"": 91}, {"": 90}),
        ("last_over_time(up[1m])", {"up": 10}, {"up": 2}),
        ("count_over_time(up[1m])", {"": 2}, {"": 2}),
        ("max_over_time(up[50s:50s])", {"": 8}, {"": 1}),
        ("up @ 95", {"up": 8}, {"up": 2}),
    ],
)
def test_at_one_moment_what_is_ready_is_taken_and_the_rest_selected(
    query: str, ready: dict[str, float], selected: dict[str, float]
) -> None:
    assert as_dict(parse(query).evaluate(Ready(True), 99_000)) == expected(ready)
    assert as_dict(parse(query).evaluate(Ready(False), 99_000)) == expected(selected)


def test_over_several_steps_series_are_selected() -> None:
    (series,) = parse("up").evaluate_range(Ready(True), 60_000, 100_000, 40_000).series
    assert series.values.tolist() == [1, 2]
    (series,) = parse("max_over_time(up[1m])").evaluate_range(Ready(True), 60_000, 100_000, 40_000).series
    assert series.values.tolist() == [1, 2]
