"""Answers are equal or the run has failed; figures are medians, and sums of those."""

from __future__ import annotations

import math

import pytest

from benchmarks.panels import PANELS, SPANS, Panel, Span
from benchmarks.query_run import Asked, answer_of, difference, rows

NAN = math.nan


def answer(**values: float) -> dict[frozenset[tuple[str, str]], dict[float, float]]:
    return {frozenset({("host", host)}): {1.0: value} for host, value in values.items()}


def test_an_answer_is_read_from_prometheus_own_form() -> None:
    document = {"data": {"result": [{"metric": {"a": "b"}, "values": [[1, "2.5"], [2, "+Inf"]]}]}}
    assert answer_of(document) == {frozenset({("a", "b")}): {1: 2.5, 2: math.inf}}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (answer(a=1.0), answer(a=1.0 + 1e-12)),
        (answer(a=NAN), answer(a=NAN)),
        (answer(a=math.inf), answer(a=math.inf)),
        ({}, {}),
    ],
)
def test_rounding_is_no_difference(ours: dict, theirs: dict) -> None:
    assert difference(ours, theirs) == ""


@pytest.mark.parametrize(
    ("ours", "theirs", "complaint"),
    [
        (answer(a=1.0), answer(a=1.0001), "1.0 and 1.0001"),
        (answer(a=1.0), answer(a=NAN), "1.0 and nan"),
        (answer(a=1.0), answer(a=1.0, b=1.0), "'host': 'b'"),
        (answer(a=1.0), {frozenset({("host", "a")}): {1.0: 1.0, 2.0: 1.0}}, "1 values and 2"),
    ],
)
def test_anything_else_is(ours: dict, theirs: dict, complaint: str) -> None:
    assert complaint in difference(ours, theirs)


def test_medians_of_each_panel_are_added_up_for_each_span() -> None:
    span, other = Span("6 h", 21_600, 30), Span("7 d", 604_800, 600)
    asked = [Asked(seconds, seconds * 2, {}) for seconds in (1.0, 5.0, 2.0)]
    slower = [Asked(seconds * 4, seconds, {}) for seconds in (1.0, 5.0, 2.0)]
    found = {(span, Panel("load", "")): (asked, slower), (span, Panel("memory", "")): (slower, asked)}
    found |= {(other, Panel("load", "")): (asked, asked)}
    by_title = {row.title: row for row in rows(found)}
    assert list(by_title) == ["6 h: load, ms", "6 h: memory, ms", "6 h: all, ms", "7 d: load, ms", "7 d: all, ms"]
    assert by_title["6 h: load, ms"][1:3] == (2.0, 8.0)
    assert by_title["6 h: load, ms"].beside == (4.0, 2.0)
    assert by_title["6 h: all, ms"][1:3] == (10.0, 10.0)


def test_windows_of_rates_are_those_that_grafana_takes() -> None:
    assert [span.rate_seconds(15) for span in SPANS] == [60, 615]


def test_there_are_twelve_panels_with_titles_of_their_own() -> None:
    assert len({panel.title for panel in PANELS}) == len(PANELS) == 12
