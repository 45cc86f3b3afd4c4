"""The monitor host runs the collector with the inventory's targets, levels and rules."""

from __future__ import annotations

import pytest
from conftest import AGENTS, Collector, wait_until
from testinfra.host import Host

UNIT = "monitor-collector@blue.service"
ALARMS = {"HostDown", "HostNeverSeen", "HostCpuHigh", "HostMemoryHigh", "HostDiskSpaceLow", "HostLoadHigh"}


def test_the_unit_is_active_and_starts_at_boot(collector_host: Host) -> None:
    unit = collector_host.service(UNIT)
    assert unit.is_running
    assert unit.is_enabled


@pytest.mark.parametrize(
    "name", ["collector.yml", "targets.yml", "thresholds.yml", "receivers.yml", "rules.d/hosts.yml"]
)
def test_the_configuration_is_readable_by_the_collector_alone(collector_host: Host, name: str) -> None:
    file = collector_host.file(f"/etc/monitor-collector/{name}")
    assert (file.user, file.group, file.mode) == ("root", "monitor-collector", 0o640)


def test_the_unit_is_locked_down(collector_host: Host) -> None:
    verdict = collector_host.check_output(f"systemd-analyze security {UNIT} --no-pager").splitlines()[-1]
    exposure = float(next(word for word in verdict.split() if word.replace(".", "").isdigit()))
    assert exposure <= 1.5, verdict


def test_every_host_of_the_inventory_is_a_target_and_up(collector: Collector) -> None:
    targets = collector.get("/api/v1/targets")["activeTargets"]
    assert {target["labels"]["instance"]: target["health"] for target in targets} == dict.fromkeys(AGENTS, "up")


def test_the_default_alarms_are_loaded_and_evaluate_without_error(collector: Collector) -> None:
    rules = [rule for group in collector.get("/api/v1/rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules if rule["type"] == "alerting"} >= ALARMS
    assert {rule["name"]: rule["health"] for rule in rules if rule["health"] != "ok"} == {}


def test_a_level_of_the_inventory_reaches_the_rules(collector: Collector) -> None:
    levels = collector.query('monitor_threshold{name="cpu_used_ratio"}')
    assert levels == dict.fromkeys(AGENTS, 0.7)


def test_a_quiet_lab_has_no_alarms(collector: Collector) -> None:
    def alarms() -> list[object]:
        return collector.get("/api/v1/alerts")["alerts"]

    wait_until(lambda: alarms() == [], alarms)


def test_every_rule_that_should_have_a_value_has_one_for_every_host(collector: Collector) -> None:
    for name in ("instance:node_cpu_utilisation:ratio", "instance:node_memory_utilisation:ratio"):
        values = collector.query(name)
        assert sorted(values) == AGENTS
        assert all(0 <= value <= 1 for value in values.values()), values
