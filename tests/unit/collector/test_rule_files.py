"""Prometheus rule files and what is said about mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.documents import ConfigError
from monitor_collector.rule_files import AlertingRule, RecordingRule, RuleGroup, read_groups

RULES = """\
groups:
  - name: hosts
    interval: 30s
    rules:
      - record: instance:load:ratio
        expr: node_load1 / 4
        labels: {team: ops}
      - alert: HostDown
        expr: up{job="host"} == 0
        for: 1m
        keep_firing_for: 5m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} is silent"
"""


def read(tmp_path: Path, text: str) -> tuple[RuleGroup, ...]:
    file = tmp_path / "candidate"
    file.write_text(text)
    return read_groups(file)


def test_recording_and_alerting_rules_are_read(tmp_path: Path) -> None:
    (group,) = read(tmp_path, RULES)
    record, alert = group.rules
    assert (group.name, group.file, group.interval_ms) == ("hosts", "candidate", 30_000)
    assert isinstance(record, RecordingRule)
    assert (record.name, record.query, record.labels) == ("instance:load:ratio", "node_load1 / 4", {"team": "ops"})
    assert isinstance(alert, AlertingRule)
    assert (alert.name, alert.for_ms, alert.keep_firing_for_ms) == ("HostDown", 60_000, 300_000)
    assert alert.labels["severity"].text == "critical"
    assert alert.annotations["summary"].render({"instance": "web-1"}, 0, "") == "web-1 is silent"


def test_every_rule_has_a_key_of_its_own_that_stays_when_others_come(tmp_path: Path) -> None:
    (group,) = read(tmp_path, RULES + "      - {alert: HostDown, expr: up == 0}\n")
    keys = [rule.key for rule in group.rules]
    assert len(set(keys)) == 3
    moved = RULES.replace("    rules:\n", "    rules:\n      - {alert: First, expr: up == 0}\n")
    assert {rule.key for rule in read(tmp_path, moved)[0].rules} > set(keys[:2])


@pytest.mark.parametrize("text", ["groups: []", "groups:", "groups: [{name: g}]", "groups: [{name: g, rules: []}]"])
def test_a_file_may_be_empty_of_rules(tmp_path: Path, text: str) -> None:
    assert [rule for group in read(tmp_path, text) for rule in group.rules] == []


def rule(text: str) -> str:
    return f"groups:\n  - name: g\n    rules:\n      - {text}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (rule("{alert: A, expr: 'up =='}"), "candidate:4: group g, rule A: expr: "),
        (rule("{alert: A, expr: 'sum(up) by'}"), "candidate:4: group g, rule A: expr: "),
        (rule("{alert: A, expr: 'predict(up)'}"), "predict"),
        (rule("{alert: A, expr: 'up[5m]'}"), "gives a matrix; a rule needs a vector or a number"),
        (rule("{alert: A, expr: '\"text\"'}"), "gives a string"),
        (rule("{alert: A, expr: [up]}"), "must be an expression, for example up == 0"),
        (rule("{alert: A}"), "group g, rule A: expr: is missing"),
        (rule("{alert: A, expr: up, four: 5m}"), "group g, rule A: four: is not known here"),
        (rule("{alert: A, expr: up, for: 5}"), "group g, rule A: for: 5 is no duration; write for example 30s"),
        (rule("{alert: A, record: b, expr: up}"), "either the key alert or the key record"),
        (rule("{expr: up}"), "either the key alert or the key record"),
        (rule("{record: a-b, expr: up}"), "'a-b' is no metric name"),
        (rule("{record: a, expr: up, for: 5m}"), "group g, rule a: for: is not known here"),
        (rule("{alert: A, expr: up, labels: {alertname: x}}"), "'alertname' cannot be used as a name here"),
        (rule("{alert: A, expr: up, labels: {a: [1]}}"), "a must be a text"),
        (rule("{alert: A, expr: up, labels: [1]}"), "must be a mapping, for example severity: warning"),
        (rule("{alert: A, expr: up, annotations: {s: '{{ nope }}'}}"), "annotations: s: {{ nope }}: nope is not"),
        ("groups: [{name: g, rules: [1]}]", "either the key alert or the key record"),
        ("groups: [{name: g, rules: {a: 1}}]", "group g: must be a list"),
        ("groups: [{rules: []}]", "a group: name: is missing"),
        ("groups: [{name: g, interval: soon}]", "group g: interval: 'soon' is no duration"),
        ("groups: [{name: g}, {name: g}]", "group g: is there twice in this file"),
        ("groups: {name: g}", "groups: must be a list"),
        ("group: []", "group: is not known here"),
    ],
)
def test_a_mistake_is_told_with_file_group_rule_and_reason(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert problem in str(error.value)


def test_the_place_within_an_expression_is_told(tmp_path: Path) -> None:
    text = rule("alert: A\n        expr: |-\n          up\n          and histogram_nonsense(up)")
    with pytest.raises(ConfigError, match=r"candidate:5: group g, rule A: expr: 2:5: .*histogram_nonsense"):
        read(tmp_path, text)
