"""What templates make of the results of an alerting rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.descriptions import Described, describe
from monitor_collector.rule_files import AlertingRule, read_groups
from monitor_collector.samples import metric
from monitor_collector.templates import Surroundings

LOAD = metric("load", instance="web-1")
OUTSIDE = Surroundings("http://monitor")


def rule_saying(tmp_path: Path, text: str) -> AlertingRule:
    file = tmp_path / "rules.yml"
    rule = f"{{alert: High, expr: load, labels: {{of: '{{{{ $labels.instance }}}}'}}, annotations: {{s: '{text}'}}}}"
    file.write_text(f"groups: [{{name: g, rules: [{rule}]}}]")
    (rule,) = read_groups(file)[0].rules
    assert isinstance(rule, AlertingRule)
    return rule


def said(described: Described) -> str:
    return dict(described.annotations)["s"]


def test_an_alert_has_the_labels_of_the_result_and_the_rule_but_not_the_name_of_the_metric(tmp_path: Path) -> None:
    found = describe(rule_saying(tmp_path, "at {{ $value }}"), [(LOAD, 3.0)], OUTSIDE, {})
    labels = (("alertname", "High"), ("instance", "web-1"), ("of", "web-1"))
    assert found == {LOAD: Described(3.0, labels, (("s", "at 3"),))}


def test_the_same_result_is_not_described_again(tmp_path: Path) -> None:
    rule = rule_saying(tmp_path, "at {{ $value }}")
    before = describe(rule, [(LOAD, 3.0)], OUTSIDE, {})
    assert describe(rule, [(LOAD, 3.0)], OUTSIDE, before)[LOAD] is before[LOAD]


@pytest.mark.parametrize(
    ("before", "value", "text"), [(3.0, 4.0, "at 4"), (0.0, -0.0, "at -0"), (float("nan"), 1.0, "at 1")]
)
def test_another_value_is_described_anew(tmp_path: Path, before: float, value: float, text: str) -> None:
    rule = rule_saying(tmp_path, "at {{ $value }}")
    known = describe(rule, [(LOAD, before)], OUTSIDE, {})
    assert said(describe(rule, [(LOAD, value)], OUTSIDE, known)[LOAD]) == text


def test_a_result_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    rule = rule_saying(tmp_path, "at {{ $value }}")
    assert describe(rule, [], OUTSIDE, describe(rule, [(LOAD, 3.0)], OUTSIDE, {})) == {}


def test_a_template_that_looks_around_is_rendered_each_time(tmp_path: Path) -> None:
    answers = iter([[({}, 7.0)], [({}, 8.0)]])
    surroundings = OUTSIDE._replace(query=lambda _: next(answers))
    rule = rule_saying(tmp_path, "{{ query `other` | first | value }}")
    before = describe(rule, [(LOAD, 3.0)], surroundings, {})
    assert said(before[LOAD]) == "7"
    assert said(describe(rule, [(LOAD, 3.0)], surroundings, before)[LOAD]) == "8"


def test_a_template_that_tells_the_time_is_rendered_each_time(tmp_path: Path) -> None:
    rule = rule_saying(tmp_path, "{{ now }}")
    before = describe(rule, [(LOAD, 3.0)], OUTSIDE._replace(now_ms=1000), {})
    assert said(describe(rule, [(LOAD, 3.0)], OUTSIDE._replace(now_ms=2000), before)[LOAD]) == "2"


def test_a_template_that_does_not_suit_the_data_says_so_in_its_text(tmp_path: Path) -> None:
    rule = rule_saying(tmp_path, "{{ query `nothing` | first | value }}")
    text = said(describe(rule, [(LOAD, 3.0)], OUTSIDE, {})[LOAD])
    assert text.startswith("<error expanding template: error executing template __alert_High: ")
