"""Prometheus rule files and what is said about mistakes in them. What is a mistake is compared with the real promtool
in tests/integration."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.documents import ConfigError
from monitor_collector.rule_files import AlertingRule, RecordingRule, RuleGroup, duplicates, read_groups
from monitor_collector.templates import Surroundings

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
    assert alert.annotations["summary"].render({"instance": "web-1"}, 0, Surroundings()) == "web-1 is silent"


def test_a_group_has_limits_and_labels_that_its_rules_may_replace(tmp_path: Path) -> None:
    (group,) = read(
        tmp_path,
        """\
groups:
  - name: g
    limit: 10
    query_offset: 30s
    labels: {team: ops, zone: a}
    rules:
      - {record: a, expr: up, labels: {zone: b, broken: "{{"}}
      - {alert: B, expr: up, labels: {level: "{{ $value }}"}}
""",
    )
    record, alert = group.rules
    assert (group.limit, group.query_offset_ms, group.labels) == (10, 30_000, {"team": "ops", "zone": "a"})
    assert record.labels == {"team": "ops", "zone": "b", "broken": "{{"}
    assert {name: template.text for name, template in alert.labels.items()} == {
        "team": "ops",
        "zone": "a",
        "level": "{{ $value }}",
    }


def test_texts_are_those_that_were_written(tmp_path: Path) -> None:
    text = rule("{alert: A, expr: 5, labels: {a: 1.50, b: true, c: 2020-01-01, d: null, e: 0x1F, f: '7'}}")
    (found,) = read(tmp_path, text)[0].rules
    texts = {name: template.text for name, template in found.labels.items()}
    assert texts == {"a": "1.50", "b": "true", "c": "2020-01-01", "d": "", "e": "0x1F", "f": "7"}
    assert found.query == "5"


def test_anchors_and_merged_mappings_are_followed(tmp_path: Path) -> None:
    text = "groups: [{name: g, rules: [&a {alert: A, expr: up, for: 1m}, {<<: *a, alert: B}]}]"
    assert [(one.name, one.for_ms) for one in read(tmp_path, text)[0].rules] == [("A", 60_000), ("B", 60_000)]


def test_rules_that_write_the_same_series_are_told(tmp_path: Path) -> None:
    text = """\
groups:
  - name: g
    rules:
      - {record: a, expr: up, labels: {x: y}}
      - {record: a, expr: down, labels: {x: z}}
      - {alert: A, expr: up}
  - name: h
    rules:
      - {record: a, expr: 1, labels: {x: y}}
      - {alert: A, expr: up == 0}
"""
    assert duplicates(read(tmp_path, text)) == ['a{x="y"} comes from 2 rules', "A{} comes from 2 rules"]


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = """\
groups:
  - name: g
    interval: soon
    rules:
      - alert: A
        expr: up ==
        labels: {a-b: c}
      - {record: a, expr: up, for: 5m}
"""
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    lines = [line.split("candidate:")[1] for line in str(error.value).splitlines()]
    assert [line.split(": ")[:3] for line in lines] == [
        ["3", "group g", "interval"],
        ["6", "group g, rule A", "expr"],
        ["7", "group g, rule A", "labels"],
        ["8", "group g, rule a", "for"],
    ]


def test_every_rule_has_a_key_of_its_own_that_stays_when_others_come(tmp_path: Path) -> None:
    (group,) = read(tmp_path, RULES + "      - {alert: HostDown, expr: up == 0}\n")
    keys = [rule.key for rule in group.rules]
    assert len(set(keys)) == 3
    moved = RULES.replace("    rules:\n", "    rules:\n      - {alert: First, expr: up == 0}\n")
    assert {rule.key for rule in read(tmp_path, moved)[0].rules} > set(keys[:2])


@pytest.mark.parametrize("text", ["", "groups: []", "groups:", "groups: [{name: g}]", "groups: [{name: g, rules: []}]"])
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
        (rule("{alert: A, expr: [up]}"), "expr: ['up'] must be a text"),
        (rule("{alert: A}"), "group g, rule A: expr: is missing"),
        (rule("{alert: A, expr: up, four: 5m}"), "group g, rule A: four: is not known here"),
        (rule("{alert: A, expr: up, for: 5}"), "group g, rule A: for: '5' is no duration; write for example 30s"),
        (rule("{alert: A, record: b, expr: up}"), "either the key alert or the key record"),
        (rule("{expr: up}"), "either the key alert or the key record"),
        (rule("{record: a-b, expr: up}"), "'a-b' is no metric name"),
        (rule("{record: a, expr: up, for: 5m}"), "group g, rule a: for: is for alerting rules; this one records"),
        (rule("{alert: A, expr: up, labels: {__name__: x}}"), "'__name__' cannot be used as a name here"),
        (rule("{alert: A, expr: up, labels: {a: [1]}}"), "has no text for a"),
        (rule("{alert: A, expr: up, labels: [1]}"), "must be a mapping, for example severity: warning"),
        (
            rule("{alert: A, expr: up, annotations: {s: '{{ nope }}'}}"),
            'annotations: s: {{ nope }}: function "nope" is not',
        ),
        ("groups: [{name: g, rules: [1]}]", "group g, rule 1: must be a mapping with the keys record, alert"),
        ("groups: [{name: g, rules: {a: 1}}]", "group g: rules: {'a': '1'} must be a list"),
        ("groups: [{rules: []}]", "a group: name: is missing"),
        ("groups: [{name: g, interval: soon}]", "group g: interval: 'soon' is no duration"),
        ("groups: [{name: g}, {name: g}]", "group g: is there twice in this file"),
        ("groups: {name: g}", "groups: {'name': 'g'} must be a list"),
        ("group: []", "group: is not known here"),
        ("groups: [{name: ''}]", "a group: name: must not be empty"),
        ("groups: [{name: g, limit: many}]", "group g: limit: 'many' must be a whole number"),
        ("groups: [{name: g, labels: {a-b: c}}]", "group g: labels: 'a-b' cannot be used as a name here"),
        ("groups: [{name: g, query_offset: 300y}]", "is too long; the longest is 292 years"),
        ("groups: []\ngroups: []", "candidate:2: is no YAML: 'groups' is there twice"),
        ("groups: []\n---\ngroups: []", "is no YAML"),
        ("[" * 100_000, "is no YAML: is nested too deeply"),
        ("text", "must be a mapping with the keys groups"),
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


KEYS = [
    "groups",
    "name",
    "rules",
    "alert",
    "record",
    "expr",
    "for",
    "labels",
    "annotations",
    "limit",
    "interval",
    "a-b",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["up", "5m", "{{ $value }}", "{{", "sum(", "10", "a:b"]),
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {"groups": st.lists(st.dictionaries(st.sampled_from(KEYS), DOCUMENTS, max_size=5), max_size=2)}
)
SIGNS = "- : ? [ ] { } , & * ! | > ' \" % @ ` # \n \t << ~ &a *a !!int !x \x00 é"
YAML = [*SIGNS.split(" "), *KEYS]


@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(st.sampled_from(YAML), max_size=30).map(lambda parts: " ".join(parts).encode()),
        st.one_of(DOCUMENTS, NEARLY_RIGHT).map(lambda content: yaml.safe_dump(content).encode()),
    )
)
@settings(max_examples=200, deadline=None)
def test_nothing_but_config_errors_comes_out_of_any_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzzed.yml"
    file.write_bytes(content)
    try:
        read_groups(file)
    except ConfigError as error:
        assert all(str(problem).startswith(str(file)) for problem in error.problems)
