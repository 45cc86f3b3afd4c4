"""`check rules` and `test rules` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.cli import main

RULES = """\
groups:
  - name: g
    rules:
      - {record: "x:double", expr: x * 2}
      - {alert: High, expr: "x:double > 3", annotations: {summary: "is {{ $value }}"}}
"""
TESTS = """\
rule_files: [rules.yml]
tests:
  - name: low
    input_series: [{series: x, values: 1 1}]
    alert_rule_test: [{eval_time: 1m, alertname: High}]
  - name: high
    input_series: [{series: x, values: 1 2}]
    alert_rule_test:
      - {eval_time: 1m, alertname: High, exp_alerts: [{exp_annotations: {summary: is 4}}]}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "rules.test.yml").write_text(TESTS)
    return tmp_path


def test_check_counts_the_rules_of_each_file(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "one.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: up}]}]")
    assert main(["check", "rules", str(directory / "rules.yml"), str(directory / "one.yml")]) == 0
    assert capsys.readouterr() == (f"{directory}/rules.yml: 2 rules\n{directory}/one.yml: 1 rule\n", "")


def test_check_tells_all_problems_of_all_files(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.yml", "b.yml"):
        (directory / name).write_text("groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'up =='}\n  - {expr: up}\n")
    assert main(["check", "rules", str(directory / "a.yml"), str(directory / "b.yml")]) == 1
    places = [line.rpartition("/")[2].split(": ")[0] for line in capsys.readouterr().err.splitlines()]
    assert places == ["a.yml:4", "a.yml:5", "b.yml:4", "b.yml:5"]


def test_check_warns_of_rules_that_write_the_same(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "twice.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: up}, {alert: A, expr: x}]}]")
    assert main(["check", "rules", str(directory / "twice.yml")]) == 0
    assert capsys.readouterr().err == f"{directory}/twice.yml: warning: A{{}} comes from 2 rules\n"


def test_tests_that_pass_are_counted(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "rules", str(directory / "rules.test.yml")]) == 0
    assert capsys.readouterr() == (f"{directory}/rules.test.yml: 2 passed\n", "")


def test_a_test_that_fails_shows_what_is_different(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "rules.yml").write_text(RULES.replace("> 3", "> 4"))
    assert main(["test", "rules", str(directory / "rules.test.yml")]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{directory}/rules.test.yml:9: alert High at 1m (high)",
        '    - {alertname="High"}',
        '    -     summary: "is 4"',
        f"{directory}/rules.test.yml: 1 passed, 1 failed",
    ]


def test_tests_are_chosen_by_name(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(directory / "rules.test.yml")
    assert main(["test", "rules", "--run", "^lo", file]) == 0
    assert "1 passed" in capsys.readouterr().out
    assert main(["test", "rules", "--run", "nothing", file]) == 1
    assert "no test has a name with nothing" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["test", "rules", "--run", "(", file])
    assert end.value.code == 2


def test_a_file_that_cannot_be_read_fails_and_the_others_are_run(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "rules", str(directory / "none.yml"), str(directory / "rules.test.yml")]) == 1
    out, err = capsys.readouterr()
    assert err == f"{directory}/none.yml: there is no such file\n"
    assert "2 passed" in out
