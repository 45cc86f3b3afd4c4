import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.promql import parse
from monitor_collector.promql.sums import compensated_sums
from tests.unit.collector.promql.storages import MemoryStorage, as_dict, at_100

numbers = st.floats(-1e9, 1e9) | st.sampled_from([1e100, -1e100, 1.0, 0.1, -0.1])


@given(st.lists(st.lists(numbers, min_size=1, max_size=9), max_size=5))
def test_sums_are_as_exact_as_if_added_with_twice_the_digits(segments) -> None:
    starts = np.cumsum([0, *map(len, segments)])[:-1]
    values = np.array([number for segment in segments for number in segment])
    sums = compensated_sums(values, starts[: len(segments)])
    for found, segment in zip(sums.tolist(), segments, strict=True):
        exact = sum(map(Fraction, segment))
        error = 1e-15 * abs(exact) + Fraction(1e-29) * sum(map(abs, map(Fraction, segment)))
        assert abs(Fraction(found) - exact) <= error


def test_sums_of_infinities_follow_ieee_754() -> None:
    with np.errstate(all="ignore"):
        sums = compensated_sums(np.array([math.inf, 1.0, math.inf, -math.inf, 1e308, 1e308]), np.array([0, 2, 4]))
    assert (sums[0], math.isnan(sums[1]), sums[2]) == (math.inf, True, math.inf)


def test_small_terms_survive_between_large_ones_that_cancel_out() -> None:
    values = [5.0, 1e100, 1.0, -1e100]
    window = MemoryStorage({"x": dict(enumerate(values, start=10))})
    assert as_dict(parse("sum_over_time(x[1m])").evaluate(window, 20_000)) == {(): 6}
    assert as_dict(parse("avg_over_time(x[1m])").evaluate(window, 20_000)) == {(): 1.5}
    group = at_100({f'x{{a="{number}"}}': value for number, value in enumerate(values)})
    assert as_dict(parse("sum(x)").evaluate(group, 100_000)) == {(): 6}
    assert as_dict(parse("avg(x)").evaluate(group, 100_000)) == {(): 1.5}


def test_a_mean_is_finite_where_the_sum_is_too_large() -> None:
    window = MemoryStorage({"x": {10: 1.5e308, 11: 1.7e308}})
    assert as_dict(parse("avg_over_time(x[1m])").evaluate(window, 20_000)) == {(): 1.6e308}
    group = at_100({'x{a="1"}': 1.5e308, 'x{a="2"}': 1.7e308, 'y{a="1"}': math.inf, 'y{a="2"}': -1.7e308})
    assert as_dict(parse("avg(x)").evaluate(group, 100_000)) == {(): 1.6e308}
    assert as_dict(parse("avg(y)").evaluate(group, 100_000)) == {(): math.inf}
    assert as_dict(parse("sum(x)").evaluate(group, 100_000)) == {(): math.inf}
