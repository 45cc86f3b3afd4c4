"""What is wrong is told once, and stands in a file for whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.troubles import Trouble, Troubles, read_troubles


def test_a_trouble_is_told_when_it_begins_changes_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    troubles = Troubles()
    for text in ("a", "a", "b", "b"):
        troubles.report("push", text)
    troubles.clear("push", "over")
    troubles.clear("push", "over")
    assert capsys.readouterr().err.splitlines() == ["<4>a", "<4>b", "<6>over"]


def test_troubles_of_one_kind_are_one_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    troubles = Troubles()
    troubles.report("push", "answered 503: 1 waiting", kind="503")
    troubles.report("push", "answered 503: 2 waiting", kind="503")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_file_holds_what_lasts_and_what_ended_last(tmp_path: Path) -> None:
    path = str(tmp_path / "troubles")
    now = [100.0]
    troubles = Troubles(path, clock=lambda: now[0])
    assert read_troubles(path) == []
    troubles.report("push", "no\tway\nat all")
    troubles.report("cpu", "odd")
    now[0] = 107.0
    troubles.clear("push", "over")
    assert read_troubles(path) == [Trouble("", "odd", 100, 0), Trouble("", "no way at all", 100, 107)]


def test_a_file_that_cannot_be_written_costs_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Troubles(str(tmp_path / "missing" / "troubles")).report("push", "a")
    assert "<4>a" in capsys.readouterr().err
