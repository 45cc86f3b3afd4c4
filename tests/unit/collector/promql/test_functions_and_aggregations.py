import math

import pytest

from monitor_collector.promql import EvaluationError, QueryError, Scalar, parse
from tests.unit.collector.promql.storages import MemoryStorage, as_dict, at_100, expected, labels_of

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


def test_an_instant_answer_is_in_the_order_that_was_asked_for() -> None:
    series = {'x{a="1"}': 2, 'x{a="2"}': math.nan, 'x{a="3"}': 5, 'x{a="4"}': -1}

    def order(query: str) -> str:
        return "".join(dict(labels)["a"] for labels in parse(query).evaluate(at_100(series), 110_000).labels)

    assert order("sort(x)") == "4132"
    assert order("sort_desc(x)") == "3142"
    assert order("topk(3, x)") == "314"
    assert order("bottomk(5, x)") == "4132"


def test_of_equal_samples_the_earlier_ones_are_the_top() -> None:
    assert result("topk(2, x)", dict.fromkeys(['x{a="2"}', 'x{a="1"}', 'x{a="3"}'], 7)) == expected(
        {'x{a="2"}': 7, 'x{a="1"}': 7}
    )


def test_a_renamed_function_has_its_old_name_too() -> None:
    storage = MemoryStorage({'x{holt_winters="1"}': {70: 1, 80: 2, 90: 4, 100: 8}})
    new = 'sum by (holt_winters) (double_exponential_smoothing(x{holt_winters!="holt_winters("}[5m], 0.5, 0.1))'
    old = new.replace("double_exponential_smoothing(", "holt_winters (")
    smoothed = as_dict(parse(new).evaluate(storage, 110_000))
    assert smoothed.keys() == {labels_of('{holt_winters="1"}')}
    assert as_dict(parse(old).evaluate(storage, 110_000)) == smoothed
    assert result("holt_winters > 1", {"holt_winters": 3}) == expected({"holt_winters": 3})
    with pytest.raises(QueryError) as refused:
        parse("1 + holt_winters(x, 0.5, 0.5)")
    assert refused.value.position == 4


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("topk(NaN, x)", "Parameter value is NaN"),
        ("topk(1e30, x)", r"Scalar value 1e\+30 overflows int64"),
        ("bottomk(-Inf, x)", "Scalar value -Inf underflows int64"),
        (
            "double_exponential_smoothing(x[5m], 1, 0.5)",
            "invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000",
        ),
        ("double_exponential_smoothing(x[5m], 0.5, 0)", "invalid trend factor. Expected: 0 < tf < 1, got: 0.000000"),
        ('label_replace(x, "instance", "", "", "")', "same labelset"),
        (f'label_replace(x, "a", "{"$1" * 70_000}", "instance", "(.*)")', "a label would have [0-9]+ characters"),
        (f'label_join(x, "a", "{"-" * 40_000}", "b", "b", "b")', "a label would have 80000 characters; 65536 are"),
    ],
)
def test_parameters_that_make_no_sense_are_errors(query: str, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        result(query, HOSTS)


def test_a_deviation_is_not_a_number_where_a_sample_is_infinite() -> None:
    assert math.isnan(result("stddev(x)", {"x": math.inf})[()])
    assert math.isnan(result("stdvar(x)", {'x{a="1"}': math.nan, 'x{a="2"}': 1})[()])
    assert result("stddev(x)", {"x": 0.1}) == {(): 0}


def test_dates_that_do_not_exist_are_not_a_number() -> None:
    for function in ("minute", "day_of_week", "days_in_month", "year"):
        assert math.isnan(result(f"{function}(x)", {"x": math.inf})[()])


def test_counted_values_are_labels_as_go_prints_them() -> None:
    series = {f'x{{n="{n}"}}': value for n, value in enumerate((1e21, 0.1, -0.0, 0.0, math.nan, -math.inf, 0.1))}
    names = {dict(labels)["v"]: count for labels, count in result('count_values("v", x)', series).items()}
    assert names == {"1000000000000000000000": 1, "0.1": 2, "-0": 1, "0": 1, "NaN": 1, "-Inf": 1}
