"""Files of tests, run. That they pass and fail as in promtool is shown against the real one in tests/integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.rule_tests import run_file

RULES = """\
groups:
  - name: g
    interval: 1h
    rules:
      - {record: "x:double", expr: x * 2}
      - alert: High
        expr: x:double > 3
        for: 2m
        labels: {level: "{{ $value }}"}
        annotations: {of: "{{ $labels.a }}"}
"""
HIGH = "alertname: High, exp_alerts: [{exp_labels: {a: b, level: '4'}, exp_annotations: {of: b}}]"


def run(tmp_path: Path, tests: str, rules: str = RULES) -> str:
    """The report on one test, "" where it passes."""
    (tmp_path / "rules.yml").write_text(rules)
    (tmp_path / "rules.test.yml").write_text(f"rule_files: [rules.yml]\n{tests}")
    report = run_file(tmp_path / "rules.test.yml")
    return "" if report.passed else str(report).replace(f"{tmp_path}/", "")


def case(cases: str, series: str = "x{a='b'}", values: str = "1 2x8") -> str:
    return f'tests: [{{interval: 1m, input_series: [{{series: "{series}", values: {values}}}], {cases}}}]'


def test_alerts_and_queries_are_asked_when_their_time_has_come(tmp_path: Path) -> None:
    alerts = f"{{eval_time: 2m, alertname: High}}, {{eval_time: 3m, {HIGH}}}, {{eval_time: 3m59s, {HIGH}}}"
    queries = "{expr: 'x:double', eval_time: 0, exp_samples: [{labels: 'x:double{a=\"b\"}', value: 2}]}"
    assert run(tmp_path, case(f"alert_rule_test: [{alerts}], promql_expr_test: [{queries}]")) == ""


def test_rules_are_evaluated_at_the_evaluation_interval(tmp_path: Path) -> None:
    expected = "exp_samples: [{labels: '{a=\"b\"}', value: 7}]"
    tests = case(f"promql_expr_test: [{{expr: 'count_over_time(x:double[1h])', eval_time: 1m, {expected}}}]")
    assert run(tmp_path, f"evaluation_interval: 10s\n{tests}") == ""


def test_what_differs_is_shown_line_by_line(tmp_path: Path) -> None:
    near = "{exp_labels: {a: b, level: '4'}, exp_annotations: {of: c}}"
    alerts = f"{{eval_time: 3m, alertname: High, exp_alerts: [{near}, {{exp_labels: {{a: z}}}}]}}"
    assert run(tmp_path, case(f"name: rises, alert_rule_test: [{alerts}]")).splitlines() == [
        "rules.test.yml:2: alert High at 3m (rises)",
        '      {a="b", alertname="High", level="4"}',
        '    -     of: "c"',
        '    +     of: "b"',
        '    - {a="z", alertname="High"}',
        "rules.test.yml: 0 passed, 1 failed",
    ]


def test_samples_that_differ_are_shown(tmp_path: Path) -> None:
    wrong = "{expr: x, eval_time: 1m, exp_samples: [{labels: 'x{a=\"b\"}', value: 2.5}, {labels: y, value: 1}]}"
    assert run(tmp_path, case(f"promql_expr_test: [{wrong}]")).splitlines()[:4] == [
        "rules.test.yml:2: x at 1m",
        '    - x{a="b"} 2.5',
        "    - y{} 1",
        '    + x{a="b"} 2',
    ]


def test_only_a_fuzzy_comparison_forgives_the_last_bit(tmp_path: Path) -> None:
    expected = "exp_samples: [{labels: '{}', value: 0.3}]"
    query = case(f"promql_expr_test: [{{expr: 'vector(0.1) + 0.2', eval_time: 0, {expected}}}]")
    assert "+ {} 0.30000000000000004" in run(tmp_path, query)
    assert run(tmp_path, f"fuzzy_compare: true\n{query}") == ""


def test_a_rule_that_fails_ends_the_test(tmp_path: Path) -> None:
    rules = "groups: [{name: g, limit: 1, rules: [{alert: A, expr: x}]}]"
    series = "input_series: [{series: 'x{a=\"1\"}', values: 1x9}, {series: 'x{a=\"2\"}', values: _ 1x9}]"
    tests = f"tests: [{{interval: 1m, {series}, alert_rule_test: [{{eval_time: 9m, alertname: A}}]}}]"
    assert "evaluation at 1m\n    rule A of group g: gives 2 alerts; its group has the limit 1" in run(
        tmp_path, tests, rules
    )


def test_a_query_without_answer_fails(tmp_path: Path) -> None:
    for query, reason in (("sum(", "rules.test.yml:2: sum( at 0s"), ("x[5m]", "gives neither a vector nor a number")):
        assert reason in run(tmp_path, case(f"promql_expr_test: [{{expr: '{query}', eval_time: 0}}]"))


def test_labels_and_address_of_the_outside_reach_the_templates(tmp_path: Path) -> None:
    annotation = "annotations: {s: '{{ $externalLabels.r }} {{ $externalURL }}'}"
    rules = f"groups: [{{name: g, rules: [{{alert: A, expr: x, {annotation}}}]}}]"
    outside = "external_labels: {r: eu}, external_url: 'http://m'"
    alert = "{eval_time: 0, alertname: A, exp_alerts: [{exp_annotations: {s: eu http://m}}]}"
    assert run(tmp_path, case(f"{outside}, alert_rule_test: [{alert}]", series="x"), rules) == ""


def test_groups_are_evaluated_in_the_order_given(tmp_path: Path) -> None:
    rules = "groups: [{name: b, rules: [{record: two, expr: one}]}, {name: a, rules: [{record: one, expr: x}]}]"
    ask = "promql_expr_test: [{expr: two, eval_time: 0, exp_samples: [{labels: two, value: 1}]}]"
    assert "- two{} 1" in run(tmp_path, case(ask, series="x"), rules)
    assert run(tmp_path, "group_eval_order: [a, b]\n" + case(ask, series="x"), rules) == ""


def test_every_run_begins_with_nothing(tmp_path: Path) -> None:
    first = case("alert_rule_test: [{eval_time: 8m, alertname: Other}]")[8:-1]
    second = case(f"alert_rule_test: [{{eval_time: 2m, alertname: High}}, {{eval_time: 3m, {HIGH}}}]")[8:-1]
    assert run(tmp_path, f"tests: [{first}, {second}]") == ""


@pytest.mark.parametrize("run_options", [["high$"], ["low", "high"]])
def test_tests_are_chosen_by_name(tmp_path: Path, run_options: list[str]) -> None:
    file = tmp_path / "rules.test.yml"
    file.write_text("tests: [{name: low}, {name: very high}, {name: other}]")
    assert len(run_file(file, run_options).results) == len(run_options)
