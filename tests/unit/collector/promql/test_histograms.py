"""Expected numbers are worked out by hand from the documentation of histogram_quantile."""

import math

import pytest

from monitor_collector.promql import parse
from tests.unit.collector.promql.storages import as_dict, at_100, expected


def quantile(ratio: float, **counts: float) -> float:
    """Of a histogram given as `_0_5=3`, `_inf=4`."""
    bounds = {name: name[1:].replace("_", ".").replace("inf", "+Inf") for name in counts}
    storage = at_100({f'x{{le="{bounds[name]}"}}': count for name, count in counts.items()})
    (found,) = as_dict(parse(f"histogram_quantile({ratio}, x)").evaluate(storage, 100_000)).values()
    return found


def test_a_quantile_is_interpolated_within_its_bucket() -> None:
    # The 9th of 10 lies three quarters into the bucket from 2 to 4, which holds 4.
    assert quantile(0.9, _2=6, _4=10, _inf=10) == 2 + 2 * 3 / 4
    # The lowest bucket starts at 0.
    assert quantile(0.3, _2=6, _4=10, _inf=10) == 1


def test_beyond_the_highest_bound_it_is_that_bound() -> None:
    assert quantile(0.9, _2=6, _4=7, _inf=10) == 4


def test_there_is_no_quantile_without_observations_or_without_an_infinite_bucket() -> None:
    assert math.isnan(quantile(0.5, _1=0, _inf=0))
    assert math.isnan(quantile(0.5, _1=5, _2=6))
    assert math.isnan(quantile(0.5, _inf=6))


def test_counts_that_fall_are_lifted_to_the_one_before() -> None:
    assert quantile(0.75, _1=4, _2=3, _4=8, _inf=8) == 2 + 2 * 2 / 4


def test_differences_that_only_rounding_has_made_are_none() -> None:
    # Without this the tiny rise of the second bucket would attract the quantile.
    count = 0.3
    assert quantile(1, _1=count, _2=math.nextafter(count, 1), _inf=math.nextafter(count, 1)) == 1


def test_series_without_a_usable_bound_are_passed_over() -> None:
    storage = at_100({'x{le="1"}': 1, 'x{le="+Inf"}': 2, 'x{le="one"}': 5, "x": 7, 'x{le="NaN"}': 9})
    assert as_dict(parse("histogram_quantile(0.5, x)").evaluate(storage, 100_000)) == {(): 1}
    assert as_dict(parse("histogram_quantile(0.5, y)").evaluate(storage, 100_000)) == {}


def test_each_histogram_keeps_its_labels() -> None:
    storage = at_100({f'x{{a="{a}",le="{le}"}}': a for a in (1, 2) for le in ("1", "+Inf")})
    result = as_dict(parse("histogram_quantile(1, x)").evaluate(storage, 100_000))
    assert result == expected({'{a="1"}': pytest.approx(1), '{a="2"}': pytest.approx(1)})
