"""YAML as Go reads it for Prometheus."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from monitor_collector.go_yaml import GoChecker, boolean, entries, floating, integer, texts


def load(tmp_path: Path, text: str) -> Any:
    (tmp_path / "file.yml").write_text(text)
    checker = GoChecker(tmp_path / "file.yml")
    content = checker.load()
    assert not checker.problems
    return content


def test_scalars_stay_the_texts_that_were_written(tmp_path: Path) -> None:
    content = load(tmp_path, "{a: 1.50, b: yes, c: 2020-01-01, d: '5', e: <<, f: =, g: !!int 7, h: !mine x, i: ~}")
    assert content == {
        "a": "1.50",
        "b": "yes",
        "c": "2020-01-01",
        "d": "5",
        "e": "<<",
        "f": "=",
        "g": "7",
        "h": "x",
        "i": None,
    }


def test_keys_know_their_lines_and_merged_ones_give_way(tmp_path: Path) -> None:
    content = load(tmp_path, "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\nc: {<<: [*a, {y: 5, z: 6}]}\n")
    assert content["b"] == {"x": "3", "y": "2"}
    assert content["c"] == {"x": "1", "y": "2", "z": "6"}
    assert (content.lines["b"], content["b"].lines["x"], content["b"].lines["y"]) == (2, 4, 1)


@pytest.mark.parametrize("text", ["a: 1\na: 2", "{[a]: 1}", "<<: 1", "a: &a [*a", "a: \x01"])
def test_what_cannot_be_read_is_a_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.yml").write_text(text)
    checker = GoChecker(tmp_path / "file.yml")
    assert checker.load() is None
    assert "is no YAML" in str(checker.problems[0])


@pytest.mark.parametrize(
    ("text", "value"), [("5", 5), ("-5", -5), ("0x10", 16), ("0o17", 15), ("017", 15), ("1_000", 1000), ("", 0)]
)
def test_whole_numbers_are_read(tmp_path: Path, text: str, value: int) -> None:
    assert integer(load(tmp_path, f"[{text or '~'}]")[0]) == value


@pytest.mark.parametrize("text", ["'5'", "1.5", "five", "[5]", "0b2", "09", "+"])
def test_what_is_no_whole_number_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        integer(load(tmp_path, f"[{text}]")[0])


@pytest.mark.parametrize(
    ("text", "value"), [("1.5", 1.5), ("1e3", 1000), ("7", 7), (".5", 0.5), (".inf", math.inf), ("-.Inf", -math.inf)]
)
def test_numbers_are_read(tmp_path: Path, text: str, value: float) -> None:
    assert floating(load(tmp_path, f"[{text}]")[0]) == value
    assert math.isnan(floating(load(tmp_path, "[.nan]")[0]))


@pytest.mark.parametrize("text", ["'1.5'", "NaN", "inf", "x", "{a: b}", "1.5.5"])
def test_what_is_no_number_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        floating(load(tmp_path, f"[{text}]")[0])


def test_lists_mappings_and_truth_values_are_read(tmp_path: Path) -> None:
    content = load(tmp_path, "{list: [a, ~, b], mapping: {x: 1, y: }, flag: true, text: 'true'}")
    assert entries(content["list"]) == ["a", "b"]
    assert texts(content["mapping"]) == {"x": "1", "y": ""}
    assert boolean(content["flag"])
    with pytest.raises(ValueError, match="true or false"):
        boolean(content["text"])
    with pytest.raises(ValueError, match="must be a list"):
        entries(content["mapping"])
    with pytest.raises(ValueError, match="must be a mapping"):
        texts(content["list"])
