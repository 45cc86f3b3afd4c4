"""Expected numbers are worked out by hand from extrapolatedRate in Prometheus' promql/functions.go."""

import pytest

from monitor_collector.promql import parse
from tests.unit.collector.promql.storages import MemoryStorage, as_dict, expected


def only_value(query: str, samples: dict[float, float], at: float) -> float:
    (value,) = as_dict(parse(query).evaluate(MemoryStorage({"x": samples}), round(at * 1000))).values()
    return value


def test_a_rate_is_extrapolated_to_both_ends_of_a_covered_window() -> None:
    # 10 samples, 90 s apart from end to end, 5 s missing on either side: 90 * 100 / 90.
    samples = {5 + 10 * n: 1000 + 10 * n for n in range(10)}
    assert only_value("increase(x[100s])", samples, 100) == pytest.approx(100)
    assert only_value("rate(x[100s])", samples, 100) == pytest.approx(1)


def test_a_series_that_ends_early_is_extrapolated_by_half_an_interval() -> None:
    # First at 5, last at 45, 10 s apart; the window ends 55 s later: 40 * (40 + 5 + 5) / 40.
    samples = {5 + 10 * n: 1000 + 10 * n for n in range(5)}
    assert only_value("increase(x[100s])", samples, 100) == pytest.approx(50)


def test_a_counter_is_not_extrapolated_below_zero() -> None:
    # 2 at second 5, rising by 1 per second: zero was 2 s earlier, less than the 5 s to the start of the window.
    samples = {5 + 10 * n: 2 + 10 * n for n in range(10)}
    assert only_value("increase(x[100s])", samples, 100) == pytest.approx(90 * (90 + 2 + 5) / 90)
    assert only_value("delta(x[100s])", samples, 100) == pytest.approx(100)


def test_the_zero_point_is_weighed_against_half_an_interval_as_in_prometheus_3() -> None:
    # Starts 45 s into the window at 8: zero was 8 s before, half an interval 5 s. Prometheus 2 took the 8 s.
    samples = {45 + 10 * n: 8 + 10 * n for n in range(6)}
    assert only_value("increase(x[100s])", samples, 100) == pytest.approx(50 * (50 + 5 + 5) / 50)


def test_counter_resets_are_added_back() -> None:
    samples = {5: 100, 15: 110, 25: 3, 35: 10, 45: 2, 55: 4}
    # 4 - 100 + 110 + 10 = 24 over 50 s, 5 s missing on either side.
    assert only_value("increase(x[60s])", samples, 60) == pytest.approx(24 * 60 / 50)
    assert only_value("delta(x[60s])", samples, 60) == pytest.approx(-96 * 60 / 50)


def test_a_reset_at_the_edge_of_one_series_does_not_leak_into_the_next() -> None:
    storage = MemoryStorage({"x": {5: 100, 15: 110}, "y": {5: 1, 15: 2}})
    result = as_dict(parse('rate({__name__="y"}[20s])').evaluate(storage, 20_000))
    assert as_dict(parse('rate({__name__="x"}[20s])').evaluate(storage, 20_000)) == {(): pytest.approx(1)}
    assert result == {(): pytest.approx(1 * (10 + 5 + 5) / 10 / 20)}
    both = as_dict(parse('sum(increase({__name__=~"y"}[20s]))').evaluate(storage, 20_000))
    assert both == {(): pytest.approx(2)}


def test_one_sample_has_no_rate() -> None:
    storage = MemoryStorage({"x": {5: 1}})
    for function in ("rate", "increase", "delta", "irate"):
        assert as_dict(parse(f"{function}(x[1m])").evaluate(storage, 10_000)) == {}


def test_irate_looks_at_the_last_two_samples() -> None:
    assert only_value("irate(x[1m])", {10: 0, 20: 100, 30: 105}, 35) == pytest.approx(0.5)
    assert only_value("irate(x[1m])", {10: 0, 20: 100, 30: 5}, 35) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("function", "value"), [("avg", 2), ("min", -1), ("max", 5), ("sum", 6), ("count", 3), ("last", 2)]
)
def test_samples_of_a_window_are_summarised(function: str, value: float) -> None:
    assert only_value(f"{function}_over_time(x[1m])", {10: 5, 20: -1, 30: 2}, 35) == value


def test_only_last_over_time_keeps_the_metric_name() -> None:
    storage = MemoryStorage({'x{a="b"}': {10: 5}})
    assert as_dict(parse("last_over_time(x[1m])").evaluate(storage, 10_000)) == expected({'x{a="b"}': 5})
    assert as_dict(parse("max_over_time(x[1m])").evaluate(storage, 10_000)) == expected({'{a="b"}': 5})


def test_nan_loses_against_numbers_in_minimum_and_maximum() -> None:
    samples = {10: float("nan"), 20: 3, 30: float("nan")}
    assert only_value("min_over_time(x[1m])", samples, 35) == 3
    assert only_value("max_over_time(x[1m])", samples, 35) == 3


def test_each_step_of_a_range_query_has_its_own_window() -> None:
    samples = {n: float(n * n) for n in range(0, 100, 5)}
    storage = MemoryStorage({"x": samples})
    for query in ("rate(x[23s])", "sum_over_time(x[23s])", "max_over_time(x[3s])", "irate(x[11s] offset 7s)"):
        (series,) = parse(query).evaluate_range(storage, 0, 150_000, 7_000).series
        for at, value in zip(series.timestamps.tolist(), series.values.tolist(), strict=True):
            assert only_value(query, samples, at / 1000) == pytest.approx(value)
        missing = set(range(0, 150_001, 7_000)) - set(series.timestamps.tolist())
        assert all(as_dict(parse(query).evaluate(storage, at)) == {} for at in missing)
