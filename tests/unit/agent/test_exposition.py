"""Prometheus text: what is written reads back as what was meant."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.exposition import Family, Renderer, format_value
from monitor_collector.exposition import Parser


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), (0.1, "0.1"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), ("17", "17")],
)
def test_numbers_are_written_as_prometheus_writes_them(value: float | str, text: str) -> None:
    assert format_value(value) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.floats(allow_nan=False))
def test_the_collector_reads_every_label_and_value_back(label: str, value: float) -> None:
    text = Renderer({"instance": "web-1"}).batch([Family("m", "gauge", "", [((("path", label),), value)])], 1234)
    batch = Parser().parse(text, 0)
    assert dict(batch.layout.series[0]) == {"__name__": "m", "instance": "web-1", "path": label}
    assert batch.values.tolist() == [value]
    assert batch.timestamps_ms == 1234


def test_a_name_that_is_no_unicode_is_replaced_and_spoils_nothing() -> None:
    text = Renderer({}).batch([Family("m", "gauge", "", [((("path", "a\udcff"),), 1)])], 1)
    assert text == b'm{path="a?"} 1 1\n'


def test_a_page_says_help_and_type() -> None:
    page = Renderer({}).page([Family("m", "counter", "Things.", [((), 1)])])
    assert page == "# HELP m Things.\n# TYPE m counter\nm 1\n"
