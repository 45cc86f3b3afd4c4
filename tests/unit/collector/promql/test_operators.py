import math
import warnings

import pytest

from monitor_collector.promql import EvaluationError, Scalar, parse
from tests.unit.collector.promql.storages import MemoryStorage, as_dict, at_100, expected


def result(query: str, series: dict[str, float]) -> dict:
    return as_dict(parse(query).evaluate(at_100(series), 100_000))


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("1 + 2 * 3", 7),
        ("-2 ^ 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("-7 % 3", -1),
        ("1 / 0", math.inf),
        ("1 > bool 2", 0),
        ("NaN == bool NaN", 0),
        ("(1 + 1) * -(3)", -6),
    ],
)
def test_scalars_compute_as_in_go(query: str, value: float) -> None:
    assert parse(query).evaluate(at_100({}), 0) == Scalar(value)


def test_strings_evaluate_to_themselves() -> None:
    assert parse('"a\\n"').evaluate(at_100({}), 0) == "a\n"


def test_no_numpy_warning_escapes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for query in ("x / 0", "0 / x", "x % 0", "x ^ 0.5", "10 ^ (x * 1000)", "1 / 0", "round(x, 0)"):
            parse(query).evaluate(at_100({"x": -1}), 100_000)


def test_arithmetic_drops_the_metric_name_and_a_filter_keeps_it() -> None:
    series = {'x{a="1"}': 5, 'x{a="2"}': 1}
    assert result("x * 2", series) == expected({'{a="1"}': 10, '{a="2"}': 2})
    assert result("-x", series) == expected({'{a="1"}': -5, '{a="2"}': -1})
    assert result("x > 2", series) == expected({'x{a="1"}': 5})
    assert result("2 < x", series) == expected({'x{a="1"}': 5})
    assert result("x > bool 2", series) == expected({'{a="1"}': 1, '{a="2"}': 0})


def test_vectors_match_on_all_labels_but_the_name() -> None:
    series = {'x{a="1"}': 6, 'x{a="2"}': 1, 'y{a="1"}': 3}
    assert result("x / y", series) == expected({'{a="1"}': 2})
    assert result("x > y", series) == expected({'x{a="1"}': 6})
    assert result("y < x", series) == expected({'y{a="1"}': 3})


def test_on_and_ignoring_choose_the_labels_to_match() -> None:
    series = {'x{a="1",b="2"}': 6, 'y{a="1",c="3"}': 3}
    assert result("x / on(a) y", series) == expected({'{a="1"}': 2})
    assert result("x / ignoring(b, c) y", series) == expected({'{a="1"}': 2})
    assert result("x > on(a) y", series) == expected({'{a="1"}': 6})
    assert result("x > ignoring(b, c) y", series) == expected({'x{a="1"}': 6})
    assert result("x / y", series) == {}


def test_group_left_keeps_the_many_side_and_brings_labels_along() -> None:
    series = {'x{a="1",b="2"}': 6, 'x{a="1",b="3"}': 9, 'y{a="1",b="9",v="4"}': 3}
    assert result("x / on(a) group_left(v) y", series) == expected({'{a="1",b="2",v="4"}': 2, '{a="1",b="3",v="4"}': 3})
    assert result("y < on(a) group_right(missing) x", series) == expected({'x{a="1",b="2"}': 3, 'x{a="1",b="3"}': 3})
    with pytest.raises(EvaluationError, match="grouping labels must ensure unique matches"):
        result("x / on(a) group_left(b) y", series)


def test_many_to_many_is_refused_in_the_words_of_prometheus() -> None:
    series = {'x{a="1",b="2"}': 6, 'x{a="1",b="3"}': 9, 'y{a="1"}': 3}
    with pytest.raises(EvaluationError) as raised:
        result("y / on(a) x", series)
    assert raised.value.message == (
        'found duplicate series for the match group {a="1"} on the right hand-side of the operation:'
        ' [{__name__="x", a="1", b="3"}, {__name__="x", a="1", b="2"}]'
        ";many-to-many matching not allowed: matching labels must be unique on one side"
    )
    with pytest.raises(EvaluationError, match="many-to-one matching must be explicit"):
        result("x / on(a) y", series)
    with pytest.raises(EvaluationError, match="on the left hand-side"):
        result("x / on(a) group_right y", series)


def test_series_that_replace_each_other_may_match_at_different_moments() -> None:
    storage = MemoryStorage(
        {
            'x{a="1"}': {10: 6, 20: 6},
            'y{a="1",version="1"}': {10: 2},
            'y{a="1",version="2"}': {20: 3},
        }
    )
    (series,) = parse("x / on(a) y").evaluate_range(storage, 10_000, 20_000, 10_000, lookback_ms=5_000).series
    assert series.labels == (("a", "1"),)
    assert series.values.tolist() == [3, 2]
    with pytest.raises(EvaluationError, match="found duplicate series"):
        parse("x / on(a) y").evaluate_range(storage, 10_000, 20_000, 10_000, lookback_ms=15_000)


def test_set_operators_keep_samples_by_what_the_other_side_has() -> None:
    series = {'x{a="1"}': 1, 'x{a="2"}': 2, 'y{a="2"}': 3, 'y{a="3"}': 4}
    assert result("x and y", series) == expected({'x{a="2"}': 2})
    assert result("x unless y", series) == expected({'x{a="1"}': 1})
    assert result("x or y", series) == expected({'x{a="1"}': 1, 'x{a="2"}': 2, 'y{a="3"}': 4})
    assert result("x and on() (y > 5)", series) == {}


def test_losing_the_name_must_not_make_two_series_one() -> None:
    series = {'x{a="1"}': 1, 'y{a="1"}': 2}
    for query in ('{a="1"} + 1', '-{a="1"}', 'abs({a="1"})', 'rate({a="1"}[1m])', 'max_over_time({a="1"}[1m])'):
        storage = MemoryStorage({text: {90: value, 100: value} for text, value in series.items()})
        with pytest.raises(EvaluationError, match="vector cannot contain metrics with the same labelset"):
            parse(query).evaluate(storage, 100_000)


def test_an_expression_notices_that_the_series_have_changed() -> None:
    expression = parse("sum by (a) (x * on(a) group_left x)")
    assert as_dict(expression.evaluate(at_100({'x{a="1"}': 2}), 100_000)) == expected({'{a="1"}': 4})
    assert as_dict(expression.evaluate(at_100({'x{a="2"}': 3, 'x{a="1"}': 2}), 100_000)) == expected(
        {'{a="1"}': 4, '{a="2"}': 9}
    )
    assert as_dict(expression.evaluate(at_100({}), 100_000)) == {}
