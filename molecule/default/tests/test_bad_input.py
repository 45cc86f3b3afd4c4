"""What is wrong stops the play with a message that names the cause, and what runs goes on as it was."""

from __future__ import annotations

from pathlib import Path

from conftest import AGENTS, Collector, play
from testinfra.host import Host


def test_a_wrong_rule_file_stops_the_play_and_the_running_collector_keeps_its_rules(
    collector: Collector, collector_host: Host, tmp_path: Path
) -> None:
    rules = tmp_path / "mine.yml"
    rules.write_text("groups:\n  - name: mine\n    rules:\n      - alert: Wrong\n        expr: rate(node_load1)\n")
    before = collector.get("/api/v1/rules")
    code, said = play("site.yml", "--extra-vars", f'{{"monitor_rule_files": ["{rules}"]}}')
    assert code != 0
    assert str(rules) in said
    assert "Wrong" in said
    assert not collector_host.file("/etc/monitor-collector/rules.d/mine.yml").exists
    names = [[rule["name"] for rule in group["rules"]] for group in before["groups"]]
    after = collector.get("/api/v1/rules")
    assert [[rule["name"] for rule in group["rules"]] for group in after["groups"]] == names
    assert collector.query("up") == dict.fromkeys(AGENTS, 1)


def test_a_rule_file_does_not_take_the_place_of_another(collector: Collector, tmp_path: Path) -> None:
    rules = tmp_path / "cpu.yml"
    rules.write_text("groups: []\n")
    code, said = play("site.yml", "--extra-vars", f'{{"monitor_rule_files": ["{rules}"]}}')
    assert code != 0
    assert f"monitor_rule_files names {rules}, and another rule file is called cpu.yml too" in said
    assert "HostCpuHigh" in str(collector.get("/api/v1/rules"))


def test_a_port_in_use_names_the_program_and_the_variable(collector: Collector) -> None:
    code, said = play("site.yml", "--extra-vars", "monitor_collector_port=22")
    assert code != 0
    assert "Port 22 on monitor is in use by another program" in said
    assert "sshd" in said
    assert "monitor_collector_port" in said
    assert collector.query("up") == dict.fromkeys(AGENTS, 1)


def test_a_python_that_is_too_old_or_missing_is_named(collector: Collector) -> None:
    code, said = play("site.yml", "--extra-vars", "ansible_python_interpreter=/usr/bin/python2")
    assert code != 0
    assert "/usr/bin/python2" in said
    assert collector.query("up") == dict.fromkeys(AGENTS, 1)


def test_one_host_alone_can_be_provisioned(collector: Collector) -> None:
    code, said = play("site.yml", "--limit", "web-2")
    assert code == 0, said
    assert "web-2 : ok=" in said
    assert "web-1 : ok=" not in said
    assert collector.query("up") == dict.fromkeys(AGENTS, 1)
