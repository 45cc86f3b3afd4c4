"""The default rules, as the collector gets them: complete, valid, and each alarm shown to ring and to end."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor_collector.rule_files import read_groups
from monitor_collector.rule_tests import run_file
from tests.peers import peer
from tests.templates.conftest import ROOT, Render, evaluate

TEMPLATES = ROOT / "roles/monitor_collector/templates/rules"
SUBJECTS = sorted(path.name.removesuffix(".yml.j2") for path in TEMPLATES.glob("*.yml.j2"))
TESTS = sorted((ROOT / "tests/rules").glob("*.yml"))
RUNBOOKS = ROOT / "docs/alerts"
THRESHOLD = re.compile(r'monitor_threshold\{name="(\w+)"\}')
# What an alarm about several hosts, or about the collector, is about.
WITHOUT_HOST = re.compile(r"Collector|HostsDownTogether")


@pytest.fixture(scope="session")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a host and a monitor, with nothing but defaults."""
    path = tmp_path_factory.mktemp("inventory") / "hosts.yml"
    groups = {
        "monitor_agents": {"hosts": {"monitor": {}, "web-1": {}}},
        "monitor_collectors": {"hosts": {"monitor": {}}},
    }
    path.write_text(yaml.safe_dump(groups))
    return path


@pytest.fixture(scope="session")
def rules(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all rule files, rendered."""
    directory = tmp_path_factory.mktemp("rendered") / "rules"
    directory.mkdir()
    for subject in SUBJECTS:
        template = TEMPLATES / f"{subject}.yml.j2"
        (directory / f"{subject}.yml").write_text(
            variable(f"lookup('ansible.builtin.template', '{template}')", inventory)
        )
    return directory


def alarms(rules: Path) -> dict[str, dict[str, Any]]:
    groups = [group for path in sorted(rules.glob("*.yml")) for group in yaml.safe_load(path.read_text())["groups"]]
    found = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert len({rule["alert"] for rule in found}) == len(found)
    return {rule["alert"]: rule for rule in found}


def variable(name: str, inventory: Path) -> Any:
    return evaluate(f"{{{{ {name} }}}}", "monitor_collector", "monitor", inventory, {})


def test_each_alarm_waits_has_a_severity_a_summary_with_host_and_value_and_a_runbook(rules: Path) -> None:
    for name, rule in alarms(rules).items():
        assert rule["for"], name
        assert rule["labels"]["severity"] in ("info", "warning", "critical"), name
        summary = rule["annotations"]["summary"]
        assert "$labels.instance" in summary or WITHOUT_HOST.match(name), name
        # Where it is not a matter of yes or no, how much it is.
        assert "$value" in summary or re.search(r"[!=]= [01]\b|> 0$|unless", rule["expr"]), name
        assert rule["annotations"]["runbook_url"] == f"docs/alerts/{name}.md"
        assert (RUNBOOKS / f"{name}.md").read_text().startswith(f"# {name}\n"), name


def test_each_runbook_has_an_alarm_and_a_line_in_the_index(rules: Path) -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(alarms(rules))
    assert pages == set(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \|", (RUNBOOKS / "README.md").read_text(), re.MULTILINE))


def test_a_runbook_tells_the_waiting_time_and_the_levels_that_are_the_defaults(rules: Path, inventory: Path) -> None:
    levels = variable("_monitor_threshold_defaults", inventory)
    for name, rule in alarms(rules).items():
        page = (RUNBOOKS / f"{name}.md").read_text()
        assert f"`monitor_alert_for: {{{name}: {rule['for']}}}`" in page, name
        for threshold in THRESHOLD.findall(rule["expr"]):
            assert f"`monitor_threshold_{threshold}` {levels[threshold]:g}" in page, (name, threshold)


def test_each_level_and_each_waiting_time_is_used_and_can_be_set_in_the_inventory(rules: Path, inventory: Path) -> None:
    found = alarms(rules)
    used = {name for path in rules.glob("*.yml") for name in THRESHOLD.findall(path.read_text())}
    assert used == set(variable("_monitor_threshold_defaults", inventory))
    assert set(found) == set(variable("_monitor_alert_for_defaults", inventory))
    agent, collector = (
        yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]
        for role in ("monitor_agent", "monitor_collector")
    )
    assert used == {name.removeprefix("monitor_threshold_") for name in agent["options"] if "_threshold_" in name}
    assert set(found) == set(collector["options"]["monitor_alert_for"]["options"])


def test_the_role_installs_each_rule_file(inventory: Path) -> None:
    installed = variable("_monitor_collector_templates", inventory)
    assert [path for path in installed if path.startswith("rules/")] == [f"rules/{name}.yml" for name in SUBJECTS]


def test_each_alarm_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(rules: Path) -> None:
    cases = [
        case
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", ())
    ]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(alarms(rules))
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == set(alarms(rules))


def test_promtool_and_the_collector_accept_the_rules(rules: Path) -> None:
    files = sorted(rules.glob("*.yml"))
    checked = subprocess.run([peer("promtool"), "check", "rules", *files], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert sum(len(group.rules) for file in files for group in read_groups(file)) > len(alarms(rules))


@pytest.mark.parametrize("test", TESTS, ids=lambda path: path.stem)
def test_alarms_ring_and_end_by_their_own_tests_here_and_in_promtool(rules: Path, test: Path, tmp_path: Path) -> None:
    shutil.copytree(rules, tmp_path / "rules")
    copy = tmp_path / "tests" / test.name
    copy.parent.mkdir()
    shutil.copy(test, copy)
    report = run_file(copy)
    assert report.passed, str(report)
    assert report.results
    # promtool leaves its storage behind.
    environment = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    promtool = subprocess.run(
        [peer("promtool"), "test", "rules", copy], env=environment, capture_output=True, text=True, check=False
    )
    assert promtool.returncode == 0, promtool.stdout + promtool.stderr


def test_a_waiting_time_of_the_inventory_replaces_only_its_own_default(render: Render, tmp_path: Path) -> None:
    text = render("monitor_collector", "rules/cpu.yml.j2", host="monitor", monitor_alert_for={"HostCpuHigh": "42s"})
    (tmp_path / "cpu.yml").write_text(text)
    found = alarms(tmp_path)
    assert (found["HostCpuHigh"]["for"], found["HostLoadHigh"]["for"]) == ("42s", "10m")
