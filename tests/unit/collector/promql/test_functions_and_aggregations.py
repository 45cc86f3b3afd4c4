import math

import pytest

from monitor_collector.promql import Scalar, parse
from tests.unit.collector.promql.storages import as_dict, at_100, expected

HOSTS = {
    'x{instance="a",mode="idle"}': 1,
    'x{instance="a",mode="user"}': 3,
    'x{instance="b",mode="idle"}': 8,
}


def result(query: str, series: dict[str, float]) -> dict:
    return as_dict(parse(query).evaluate(at_100(series), 110_000))


@pytest.mark.parametrize(
    ("operator", "a", "b"),
    [("sum", 4, 8), ("avg", 2, 8), ("min", 1, 8), ("max", 3, 8), ("count", 2, 1), ("group", 1, 1)],
)
def test_aggregations_give_one_number_per_group(operator: str, a: float, b: float) -> None:
    per_instance = expected({'{instance="a"}': a, '{instance="b"}': b})
    assert result(f"{operator} by (instance) (x)", HOSTS) == per_instance
    assert result(f"{operator} without (mode) (x)", HOSTS) == per_instance


def test_aggregating_nothing_gives_nothing() -> None:
    for operator in ("sum", "avg", "min", "max", "count", "group"):
        assert result(f"{operator}(y)", HOSTS) == {}
        assert result(f"{operator}(x > 100)", HOSTS) == {}


def test_filtered_samples_do_not_count() -> None:
    assert result("sum by (instance) (x > 2)", HOSTS) == expected({'{instance="a"}': 3, '{instance="b"}': 8})
    assert result("min(x > 2)", HOSTS) == {(): 3}


def test_grouping_by_the_name_keeps_it_and_without_drops_it() -> None:
    assert result("sum by (__name__) (x)", HOSTS) == expected({"x": 12})
    assert result("sum without (instance, mode) (x)", HOSTS) == {(): 12}


def test_nan_loses_against_numbers_but_spoils_sums() -> None:
    series = {'x{a="1"}': math.nan, 'x{a="2"}': 2}
    assert result("min(x)", series) == result("max(x)", series) == {(): 2}
    assert math.isnan(result("sum(x)", series)[()])
    assert math.isnan(result("max(x)", {"x": math.nan})[()])


def test_absent_tells_what_is_missing() -> None:
    assert result('absent(y{job="host",env=~"a"})', HOSTS) == expected({'{job="host"}': 1})
    assert result("absent(x)", HOSTS) == {}
    assert result('absent(sum(y{job="host"}))', HOSTS) == {(): 1}


def test_time_and_timestamp_are_in_seconds() -> None:
    assert parse("time()").evaluate(at_100({}), 110_500) == Scalar(110.5)
    assert result("timestamp(x)", {"x": 1}) == {(): 100}
    assert result("timestamp(x + 0)", {"x": 1}) == {(): 110}


def test_scalars_and_vectors_convert() -> None:
    assert result("vector(2)", {}) == {(): 2}
    assert parse("scalar(x)").evaluate(at_100({"x": 3}), 100_000) == Scalar(3)
    assert math.isnan(parse("scalar(x)").evaluate(at_100(HOSTS), 100_000).value)
    assert math.isnan(parse("scalar(y)").evaluate(at_100(HOSTS), 100_000).value)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("abs(x)", 2.5),
        ("ceil(x)", -2),
        ("floor(x)", -3),
        ("round(x)", -2),
        ("round(x, 2)", -2),
        ("clamp_min(x, 1)", 1),
        ("clamp_max(x, -3)", -3),
    ],
)
def test_elementwise_functions(query: str, value: float) -> None:
    assert result(query, {"x": -2.5}) == {(): value}
