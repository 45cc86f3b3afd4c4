"""Numbers, times and whole results as the text that Prometheus answers with."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.api import result_json
from monitor_collector.api.result_json import number_text, number_texts, seconds_text, seconds_texts, value_json
from monitor_collector.promql import Matrix, Scalar, Series, Vector
from monitor_collector.promql.limits import Unlimited
from monitor_collector.queries import Value
from monitor_collector.query_limits import QueryCanceled, QueryLimits

UP = (("__name__", "up"),)
LOAD = (("__name__", "load"), ("instance", "web-1"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (3.0, "3"),
        (-1.5, "-1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-6, "0.000001"),
        (9.99e-7, "9.99e-07"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_numbers_have_as_few_digits_as_identify_them(value: float, text: str) -> None:
    assert number_text(value) == text
    assert number_texts(np.array([1.0, value, 2.0])) == [b"1", text.encode(), b"2"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1)))
def test_an_array_of_any_bits_becomes_the_texts_of_its_numbers(bits: list[int]) -> None:
    values = np.array([struct.unpack("<d", struct.pack("<Q", one))[0] for one in bits], dtype=np.float64)
    assert number_texts(values) == [number_text(value).encode() for value in values.tolist()]


def test_an_array_that_is_a_view_of_every_second_number_is_read_rightly() -> None:
    assert number_texts(np.arange(6.0)[::2]) == [b"0", b"2", b"4"]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0"), (1_700_000_000_000, "1700000000"), (1500, "1.500"), (7, "0.007"), (-1500, "-1.500"), (-7, "-0.007")],
)
def test_times_are_seconds_with_three_decimals_or_none(milliseconds: int, text: str) -> None:
    assert seconds_text(milliseconds) == text
    assert seconds_texts(np.array([milliseconds, 2000])) == [text.encode(), b"2"]


def content(value: Value, limit: int = 0) -> tuple[Any, bool]:
    fragment, is_truncated = value_json(value, 1500, Unlimited(), limit)
    return json.loads(orjson.dumps(fragment)), is_truncated


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('a "text"', {"resultType": "string", "result": [1.5, 'a "text"']}),
        (Scalar(2.0), {"resultType": "scalar", "result": [1.5, "2"]}),
        (Scalar(1e21), {"resultType": "scalar", "result": [1.5, "1000000000000000000000"]}),
        (Vector([], np.array([])), {"resultType": "vector", "result": []}),
        (
            Vector([UP, LOAD], np.array([1, math.nan])),
            {
                "resultType": "vector",
                "result": [
                    {"metric": {"__name__": "up"}, "value": [1.5, "1"]},
                    {"metric": {"__name__": "load", "instance": "web-1"}, "value": [1.5, "NaN"]},
                ],
            },
        ),
        (Matrix([]), {"resultType": "matrix", "result": []}),
        (
            Matrix(
                [
                    Series(UP, np.array([1000, 2500]), np.array([1.0, math.inf])),
                    Series(LOAD, np.array([1000, 2500]), np.array([3.0, 4.0])),
                    Series((), np.array([2500]), np.array([5.5])),
                ]
            ),
            {
                "resultType": "matrix",
                "result": [
                    {"metric": {"__name__": "up"}, "values": [[1, "1"], [2.5, "+Inf"]]},
                    {"metric": {"__name__": "load", "instance": "web-1"}, "values": [[1, "3"], [2.5, "4"]]},
                    {"metric": {}, "values": [[2.5, "5.5"]]},
                ],
            },
        ),
    ],
)
def test_every_type_of_result_has_its_shape(value: Value, expected: dict[str, Any]) -> None:
    assert content(value) == (expected, False)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4, unique=True).map(sorted), max_size=9))
def test_series_stay_apart_however_many_are_written_at_once(all_seconds: list[list[int]]) -> None:
    series = [
        Series((("number", str(number)),), np.array(seconds) * 1000, np.array(seconds) + number / 16)
        for number, seconds in enumerate(all_seconds)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result_json, "_BATCH_SAMPLES", 6)
        found, _ = content(Matrix(series))
    assert found["result"] == [
        {"metric": {"number": str(number)}, "values": [[at, number_text(at + number / 16)] for at in seconds]}
        for number, seconds in enumerate(all_seconds)
    ]


def test_a_limit_leaves_series_out_and_says_so() -> None:
    vector = Vector([UP, LOAD], np.array([1.0, 2.0]))
    found, is_truncated = content(vector, 1)
    assert [series["metric"] for series in found["result"]] == [{"__name__": "up"}]
    assert is_truncated
    assert not content(vector, 2)[1]
    series = [Series((), np.array([1]), np.array([1.0]))] * 3
    assert len(content(Matrix(series), 2)[0]["result"]) == 2


def test_nobody_s_answer_is_not_made_to_its_end() -> None:
    limits = QueryLimits(math.inf, 1)
    limits.cancel()
    with pytest.raises(QueryCanceled):
        value_json(Matrix([Series((), np.array([1]), np.array([1.0]))]), 0, limits)
