"""Expected numbers are worked out by hand from the querying documentation of Prometheus 3."""

import pytest

from monitor_collector.promql import STALE_MARKER, EvaluationError, parse
from tests.unit.collector.promql.storages import MemoryStorage, as_dict, expected

# At second n the value n, each second for ten minutes.
SECONDS = MemoryStorage({"x": {second: float(second) for second in range(601)}})


def value(query: str, at: float) -> float:
    (found,) = as_dict(parse(query).evaluate(SECONDS, round(at * 1000))).values()
    return found


def test_the_steps_are_multiples_of_the_resolution_left_open_and_right_closed() -> None:
    (series,) = parse("x[1m:20s]").evaluate(SECONDS, 310_000).series
    assert series.timestamps.tolist() == [260_000, 280_000, 300_000]
    (series,) = parse("x[1m:20s]").evaluate(SECONDS, 300_000).series
    assert series.timestamps.tolist() == [260_000, 280_000, 300_000]
    (series,) = parse("x[1m:7s] offset 1m").evaluate(SECONDS, 300_000).series
    assert series.timestamps.tolist() == [182_000 + 7000 * n for n in range(9)]


def test_without_a_resolution_it_is_a_minute() -> None:
    (series,) = parse("x[3m:]").evaluate(SECONDS, 310_000).series
    assert series.timestamps.tolist() == [180_000, 240_000, 300_000]


def test_a_window_between_two_steps_is_empty() -> None:
    assert as_dict(parse("count_over_time(x[5s:1m])").evaluate(SECONDS, 310_000)) == {}
    assert as_dict(parse("absent_over_time(x[5s:1m])").evaluate(SECONDS, 310_000)) == {(): 1}


def test_sub_queries_nest() -> None:
    # The inner ones are at 240 and 300, of the samples at 200, 220, 240 and 260, 280, 300.
    assert value("sum_over_time(sum_over_time(x[1m:20s])[2m:1m])", 310) == 200 + 220 + 240 + 260 + 280 + 300


def test_series_that_lose_their_names_meet_only_where_both_are_there() -> None:
    storage = MemoryStorage({'x{a="1"}': {10: 1, 20: 2, 25: STALE_MARKER}, 'y{a="1"}': {40: 4, 50: 5}})
    result = parse('sum_over_time(({a="1"} + 0)[1m:10s])').evaluate(storage, 55_000)
    assert as_dict(result) == expected({'{a="1"}': 1 + 2 + 4 + 5})
    overlapping = MemoryStorage({'x{a="1"}': {10: 1}, 'y{a="1"}': {40: 4}})
    with pytest.raises(EvaluationError, match="same labelset"):
        parse('sum_over_time(({a="1"} + 0)[1m:10s])').evaluate(overlapping, 55_000)


@pytest.mark.parametrize(
    ("query", "expected_value"),
    [
        ("x @ 100", 100),
        ("x @ 100 offset 30s", 70),
        ("x offset -30s @ 100", 130),
        ("x @ start()", 310),
        ("sum_over_time(x[20s:10s] @ 100)", 190),
        ("sum_over_time((x @ 100)[20s:10s])", 200),
        ("sum_over_time((x @ end())[20s:10s])", 620),
        ("timestamp(x @ 100 offset 30s)", 70),
    ],
)
def test_at_pins_the_moment_before_the_offset_is_taken(query: str, expected_value: float) -> None:
    assert value(query, 310) == expected_value


def test_start_and_end_are_those_of_the_whole_query() -> None:
    (series,) = parse("x @ end() - x @ start()").evaluate_range(SECONDS, 100_000, 205_000, 50_000).series
    assert series.values.tolist() == [105, 105, 105]


def test_a_line_through_a_pinned_window_is_followed_to_every_step() -> None:
    (series,) = parse("predict_linear(x[1m] @ 100, 10)").evaluate_range(SECONDS, 100_000, 300_000, 100_000).series
    assert series.values.tolist() == pytest.approx([110, 210, 310])


def test_what_is_pinned_is_read_and_computed_once_for_all_steps() -> None:
    asked = []

    class Storage:
        def select(self, matchers, start_ms, end_ms):
            asked.append((start_ms, end_ms))
            return SECONDS.select(matchers, start_ms, end_ms)

    (series,) = parse("topk(1, rate(x[1m] @ end()))").evaluate_range(Storage(), 100_000, 300_000, 10_000).series
    assert asked == [(240_000, 300_000)]
    assert len(series.values) == 21
