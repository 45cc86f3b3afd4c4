"""What rules cost is the difference that they make."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.rule_evaluation_run import Round, Turn, rows, rule_count
from benchmarks.rule_evaluation_sides import RULES
from benchmarks.table import verdict
from monitor_collector.rule_files import read_groups


def test_the_cost_is_that_of_one_evaluation_even_where_there_was_no_time_for_all() -> None:
    """0.6 s more for half an evaluation per second are 1.2 s for one."""
    ours = [Round(Turn(0.15, 25.0, 0.1, 1), Turn(0.05, 0.0, 0.0, 1))]
    theirs = [Round(Turn(0.7, 12.5, 2.0, 1), Turn(0.1, 0.0, 0.0, 1))]
    cost, *_ = rows([ours, theirs], rules=25)
    assert cost.ours == pytest.approx(0.1)
    assert cost.theirs == pytest.approx(1.2)
    assert verdict(cost) == "ours <= 200.0 reached"


def test_the_rules_are_as_many_as_the_level_is_about_and_the_collector_takes_them() -> None:
    assert sum(len(group.rules) for group in read_groups(Path(RULES))) == rule_count() == 25
