"""A row says how ours compares, and whether that is enough."""

from __future__ import annotations

import pytest

from benchmarks.machine import Machine
from benchmarks.table import Row, as_table, ratio, verdict


def number(value: float) -> str:
    return f"{value:g}"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (Row("wall", 7.0, 10.0, number, level=0.7), "<= 0.7 reached"),
        (Row("wall", 7.1, 10.0, number, level=0.7), "<= 0.7 NOT reached"),
        (Row("wall", 7.1, None, number, level=0.7), ""),
        (Row("CPU", 0.2, None, number, limit=0.2), "ours <= 0.2 reached"),
        (Row("CPU", 0.3, 9.0, number, limit=0.2), "ours <= 0.2 NOT reached"),
        (Row("RSS", 1.0, 2.0, number), ""),
    ],
)
def test_a_level_is_held_against_the_ratio_and_a_limit_against_ours(row: Row, expected: str) -> None:
    assert verdict(row) == expected


def test_the_ratio_is_ours_by_theirs_where_there_are_both() -> None:
    assert ratio(Row("", 1.0, 4.0, number)) == 0.25
    assert ratio(Row("", None, 4.0, number)) is None
    assert ratio(Row("", 1.0, 0.0, number)) is None


def test_figures_without_a_ratio_stand_before_the_level_and_rows_without_them_stay_aligned() -> None:
    rows = [
        Row("wall, s", 1.0, 2.0, number, level=1.0, beside=(3.0, 4.0)),
        Row("memory", 5.0, None, number),
    ]
    machine = Machine("2026-01-02", "2 processors", "Debian", "Prometheus 2")
    table = as_table(machine, "What was done.", ("ours", "theirs"), rows, ("our CPU", "their CPU"))
    assert table.splitlines() == [
        "2026-01-02; 2 processors; Debian",
        "Prometheus 2",
        "What was done.",
        "",
        "         ours  theirs  ours / theirs  our CPU  their CPU  level",
        "wall, s     1       2          0.500        3          4  <= 1 reached",
        "memory      5",
    ]
