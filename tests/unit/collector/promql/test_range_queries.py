import pytest

from monitor_collector.promql import QueryError, parse
from tests.unit.collector.promql.storages import MemoryStorage, labels_of


def test_steps_run_from_the_start_to_the_end_inclusive() -> None:
    (series,) = parse("time()").evaluate_range(MemoryStorage({}), 10_000, 30_000, 10_000).series
    assert series.labels == ()
    assert (series.timestamps.tolist(), series.values.tolist()) == ([10_000, 20_000, 30_000], [10, 20, 30])


def test_only_present_samples_are_returned_sorted_by_labels() -> None:
    storage = MemoryStorage({'x{a="2"}': {10: 1, 20: 5, 30: 1}, 'x{a="1"}': {20: 7}})
    first, second = parse("x > 4").evaluate_range(storage, 10_000, 30_000, 10_000, lookback_ms=10_000).series
    assert (first.labels, second.labels) == (labels_of('x{a="1"}'), labels_of('x{a="2"}'))
    assert (second.timestamps.tolist(), second.values.tolist()) == ([20_000], [5])


def test_series_without_any_sample_are_left_out() -> None:
    storage = MemoryStorage({"x": {10: 1}})
    assert parse("x > 4").evaluate_range(storage, 10_000, 30_000, 10_000).series == []


@pytest.mark.parametrize("query", ["up[5m]", '"text"'])
def test_a_type_without_a_value_per_step_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="for range query, must be Scalar or instant Vector"):
        parse(query).evaluate_range(MemoryStorage({}), 0, 1000, 1000)


def test_an_impossible_grid_is_refused() -> None:
    with pytest.raises(QueryError, match="step"):
        parse("up").evaluate_range(MemoryStorage({}), 0, 1000, 0)
    with pytest.raises(QueryError, match="end"):
        parse("up").evaluate_range(MemoryStorage({}), 1000, 0, 1000)
