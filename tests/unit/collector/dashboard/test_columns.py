"""`dashboard.yml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.dashboard.columns import Column, read_columns
from monitor_collector.documents import ConfigError


def read(directory: Path, text: str) -> tuple[Column, ...]:
    (directory / "dashboard.yml").write_text(text)
    return read_columns(directory / "dashboard.yml")


def test_columns_are_read_and_a_wrong_expression_is_no_mistake(tmp_path: Path) -> None:
    text = "columns:\n  - {title: A, query: 'sum(', unit: bytes}\n  - {title: B, query: up}\n"
    assert read(tmp_path, text) == (Column("A", "sum(", "bytes"), Column("B", "up", "number"))


def test_no_columns_are_no_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, "columns: []\n") == read(tmp_path, "columns:\n") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: 7\n", "columns: must be a list"),
        ("columns:\n  - {title: A}\n", "column 1: query: is missing"),
        ("columns:\n  - {title: A, query: up, unit: miles}\n", "column 1: unit: 'miles' must be one of number, ratio"),
        (
            "columns:\n  - {title: A, query: up}\n  - {title: A, query: up}\n",
            "yml:3: column 2: there is a column 'A' already: give it another title",
        ),
        ("columns:\n  - {title: CPU, query: up}\n", "column 1: there is a column 'CPU' already"),
        ("columns:\n  - {title: Alarms, query: up}\n", "column 1: there is a column 'Alarms' already"),
        ("columns:\n  - up\n", "column 1: must be a mapping with the keys title, query, unit"),
        ("rows: []\n", "rows: is not known here"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
