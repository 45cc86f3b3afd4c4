import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.promql import STALE_MARKER, parse
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
