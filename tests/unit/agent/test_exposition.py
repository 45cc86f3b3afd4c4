"""Prometheus text: what is written reads back as what was meant."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.exposition import Columns, Metric, Renderer, Row, describe_all, format_value, shift_decimal
from monitor_collector.exposition import Parser

M = Columns(Metric("m", "gauge", "Things."))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (2**64, "18446744073709551616"),
        (2**200, "1.6069380442589903e+60"),
        (1.0, "1"),
        (0.1, "0.1"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        ("17", "17"),
    ],
)
def test_numbers_are_written_as_prometheus_writes_them(value: float | str, text: str) -> None:
    assert format_value(value) == text


@given(st.floats(allow_nan=False))
def test_every_number_reads_back_as_itself(value: float) -> None:
    assert float(format_value(value)) == value


@given(st.integers(0, 2**64 - 1), st.sampled_from([2, 3]))
def test_moving_the_decimal_point_divides_exactly(number: int, places: int) -> None:
    whole, _, fraction = shift_decimal(str(number), places).partition(".")
    assert int(whole) * 10**places + int(fraction) == number
    assert len(fraction) == places


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.floats(allow_nan=False))
def test_the_collector_reads_every_label_and_value_back(label: str, value: float) -> None:
    text = Renderer({"instance": "web-1"}).batch([Row(M, (("path", label),), (value,))], 1234)
    batch = Parser().parse(text, 0)
    assert dict(batch.layout.series[0]) == {"__name__": "m", "instance": "web-1", "path": label}
    assert batch.values.tolist() == [value]
    assert batch.timestamps_ms == 1234


@given(st.binary(min_size=1, max_size=20))
def test_a_name_that_is_no_unicode_is_replaced_and_spoils_nothing(name: bytes) -> None:
    label = name.decode("utf-8", "surrogateescape")
    text = Renderer({}).batch([Row(M, (("path", label),), (1,))], 1)
    assert dict(Parser().parse(text, 0).layout.series[0])["path"] == name.decode("utf-8", "replace")


def test_a_series_own_label_wins_over_the_hosts() -> None:
    assert Renderer({"path": "host"}).batch([Row(M, (("path", "own"),), (1,))], 1) == b'm{path="own"} 1 1\n'


def test_a_row_shorter_than_its_columns_leaves_the_last_ones_out() -> None:
    columns = Columns(Metric("a", "gauge", ""), Metric("b", "gauge", ""))
    assert Renderer({}).batch([Row(columns, (), (1,))], 1) == b"a 1 1\n"


def test_a_page_has_each_metric_in_one_piece_with_help_and_type() -> None:
    columns = Columns(Metric("a", "counter", "All\nof \\it."), Metric("b", "gauge", "B."))
    page = Renderer({}).page([Row(columns, (("d", "1"),), (1, 2)), Row(columns, (("d", "2"),), (3, 4))])
    assert page == (
        '# HELP a All\\nof \\\\it.\n# TYPE a counter\na{d="1"} 1\na{d="2"} 3\n'
        '# HELP b B.\n# TYPE b gauge\nb{d="1"} 2\nb{d="2"} 4\n'
    )


def test_descriptions_name_each_metric_once() -> None:
    assert describe_all([Row(M, (("d", "1"),), (1,)), Row(M, (), (1,))]) == b"# HELP m Things.\n# TYPE m gauge\n"


def test_rows_that_come_and_go_take_their_values_with_them() -> None:
    device = Columns(Metric("up", "gauge", "Up."), Metric("speed", "gauge", "Speed."))
    renderer = Renderer({})
    one, two = Row(device, (("device", "a"),), ("1", 2)), Row(device, (("device", "b"),), ("0", 0.5))
    expected = 'up{device="a"} 1 7\nspeed{device="a"} 2 7\n'
    for rows, text in (
        ([one], expected),
        ([one, two], expected + 'up{device="b"} 0 7\nspeed{device="b"} 0.5 7\n'),
        ([one, two._replace(values=("1",))], expected + 'up{device="b"} 1 7\n'),
        ([one], expected),
        ([], ""),
    ):
        assert renderer.batch(rows, 7).decode() == text


def test_values_without_a_column_are_left_out() -> None:
    row = Row(Columns(Metric("m", "gauge", "M.")), (), ("1", "2"))
    assert Renderer({}).batch([row], 7) == b"m 1 7\n"


def test_nonsense_of_thousands_of_digits_is_infinite() -> None:
    assert format_value(10**5000) == "+Inf"
    assert format_value(-(10**5000)) == "-Inf"
