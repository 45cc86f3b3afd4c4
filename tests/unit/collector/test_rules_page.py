"""docs/rules.md: its examples work, and what it lists is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor_collector.go_template.functions import BUILTINS
from monitor_collector.rule_files import duplicates, read_groups
from monitor_collector.rule_tests import run_file
from monitor_collector.template_functions import FUNCTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
EXAMPLES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, content in EXAMPLES.items():
        (tmp_path / name).write_text(f"# {name}\n{content}")
    return tmp_path


def test_the_example_of_rules_is_right_and_its_tests_pass(directory: Path) -> None:
    groups = read_groups(directory / "hosts.rules.yml")
    assert [len(group.rules) for group in groups] == [2]
    assert duplicates(groups) == []
    report = run_file(directory / "hosts.test.yml")
    assert report.passed, report
    assert len(report.results) == 1


def test_the_report_of_a_failure_reads_as_shown(directory: Path) -> None:
    rules = directory / "hosts.rules.yml"
    rules.write_text(rules.read_text().replace("for: 2m", "for: 1m"))
    report = str(run_file(directory / "hosts.test.yml")).replace(f"{directory}/", "")
    (shown,) = re.findall(r"    (hosts\.test\.yml:\d+: .*?failed)\n", PAGE, re.DOTALL)
    assert shown.replace("\n    ", "\n") == report


def test_the_page_for_pytest_works(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(directory)
    names: dict[str, object] = {}
    exec(code, names)
    names["test_the_rules_of_hosts"]()  # type: ignore[operator]


def test_the_page_names_every_function() -> None:
    table = PAGE.split("functions are\n", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"`(\w+)`", table)) == {*FUNCTIONS, *BUILTINS}
