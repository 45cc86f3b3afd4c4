"""Series and values as promtool writes them; what is legal is compared with the real one in tests/integration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.promql.values import is_stale
from monitor_collector.rule_tests.series_notation import read_labels, read_values
from monitor_collector.samples import metric


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 -2 .5 1e3", [1, -2, 0.5, 1000]),
        ("1+2x3", [1, 3, 5, 7]),
        ("1-2x3 9", [1, -1, -3, -5, 9]),
        ("-1+1x2", [-1, 0, 1]),
        ("1x3", [1, 1, 1, 1]),
        ("1 _ 2 _x2 3", [1, None, 2, None, None, 3]),
        ("Inf -Inf", [math.inf, -math.inf]),
        ("0.1+0.1x2", [0.1, 0.2, 0.1 + 0.1 + 0.1]),
        ("", []),
    ],
)
def test_values_follow_one_another(text: str, values: list[float | None]) -> None:
    assert read_values(text) == values


def test_nan_and_stale_are_two_things() -> None:
    values = np.array(read_values("NaN stale stale+1x0"))
    assert np.isnan(values).all()
    assert is_stale(values).tolist() == [False, True, True]


@pytest.mark.parametrize("text", ["a", "1+2", "1x", "1,2", "stalex2", "1x99999999999", "{{schema:1}}", "1 + 2x3"])
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"value|histogram"):
        read_values(text)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("up", metric("up")),
        ("up{}", metric("up")),
        ("""up{job="host", instance='a' ,x=`y`,}""", metric("up", job="host", instance="a", x="y")),
        (r'{__name__="up", a="\"}\n"}', metric("up", a='"}\n')),
        ("{}", ()),
    ],
)
def test_series_are_read(text: str, labels: tuple[tuple[str, str], ...]) -> None:
    assert read_labels(text) == labels


@pytest.mark.parametrize("text", ["", "up{", "up}", "up{a}", "up{a=b}", 'up{a="b" c="d"}', 'up{a!="b"}', 'up{a="\\x"}'])
def test_what_is_no_series_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_labels(text)


@given(st.text("{}=\"'`\\, _x+-.eaInfstNlup0123456789 "))
@settings(max_examples=200, deadline=None)
def test_nothing_but_value_errors_comes_out(text: str) -> None:
    for read in (read_labels, read_values):
        try:
            read(text)
        except ValueError as error:
            assert str(error)
