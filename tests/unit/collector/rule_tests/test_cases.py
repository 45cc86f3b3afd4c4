"""Files of tests, read."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.documents import ConfigError
from monitor_collector.rule_tests.cases import RuleTestFile, read_tests


def read(tmp_path: Path, text: str) -> RuleTestFile:
    file = tmp_path / "rules.test.yml"
    file.write_text(text)
    return read_tests(file)


def test_intervals_have_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "").evaluation_interval_ms == 60_000
    file = read(tmp_path, "evaluation_interval: 15s\ntests: [{}, {interval: 5s}]")
    assert [test.interval_ms for test in file.tests] == [15_000, 5_000]


def test_rule_files_are_found_beside_the_file_and_read_once(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for name in "ab":
        (tmp_path / "rules" / f"{name}.yml").write_text(f"groups: [{{name: {name}}}]")
    absolute = tmp_path / "rules" / "a.yml"
    file = read(tmp_path, f"rule_files: ['rules/*.yml', rules/a.yml, {absolute}, none.yml]")
    assert [group.name for group in file.groups] == ["a", "b"]
    assert file.warnings == (f"{tmp_path}/rules.test.yml: rule_files: there is no file none.yml",)


def test_the_name_of_an_alert_is_one_of_its_labels(tmp_path: Path) -> None:
    file = read(tmp_path, "tests: [{alert_rule_test: [{alertname: A, exp_alerts: [{exp_labels: {b: 1.50}}]}]}]")
    assert file.tests[0].alert_cases[0].alerts[0].labels == {"alertname": "A", "b": "1.50"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("test: []", "rules.test.yml:1: test: is not known here"),
        ("tests: [{name: x, intervall: 5s}]", "test x: intervall: is not known here"),
        ("tests: [{input_series: [{series: 'x{', values: 1}]}]", "a test: input_series: series: 'x{' "),
        ("tests: [{input_series: [{series: x, values: 1+1}]}]", "'1+1' is no value"),
        ("tests: [{input_series: [{values: 1}]}]", "input_series: series: is missing"),
        ("tests: [{alert_rule_test: [{eval_time: 5m}]}]", "alert_rule_test: alertname: is missing"),
        ("tests: [{alert_rule_test: [{alertname: ''}]}]", "alert_rule_test: alertname: is missing"),
        ("tests: [{promql_expr_test: [{eval_time: 5m}]}]", "promql_expr_test: expr: is missing"),
        ("tests: [{promql_expr_test: [{expr: x, exp_samples: [{labels: x, value: '1'}]}]}]", "must be a number"),
        (
            "tests: [{promql_expr_test: [{expr: x, exp_samples: [{labels: x, histogram: x}]}]}]",
            "histogram: is not known",
        ),
        ("tests:\n- interval: 5", "rules.test.yml:2: a test: interval: '5' is no duration"),
        ("group_eval_order: [a, b, a]", "group_eval_order: has a twice"),
        ("rule_files: [rules.test.yml]", "rule_files: is not known here; the keys are groups"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert problem in str(error.value)
