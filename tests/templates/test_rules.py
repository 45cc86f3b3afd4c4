"""The default rules, as the collector gets them."""

from __future__ import annotations

import yaml

from tests.templates.conftest import Render

ALARMS = ["HostDown", "HostNeverSeen", "HostCpuHigh", "HostMemoryHigh", "HostDiskSpaceLow", "HostLoadHigh"]


def alarms(text: str) -> dict[str, dict]:
    return {
        rule["alert"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"] if "alert" in rule
    }


def test_every_default_alarm_waits_has_a_severity_a_summary_and_a_runbook(render: Render) -> None:
    found = alarms(render("monitor_collector", "rules/hosts.yml.j2", host="monitor"))
    assert list(found) == ALARMS
    for name, rule in found.items():
        assert rule["for"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert "{{ $labels.instance }}" in rule["annotations"]["summary"]
        assert rule["annotations"]["runbook_url"] == f"docs/alerts/{name}.md"


def test_a_waiting_time_of_the_inventory_replaces_only_its_own_default(render: Render) -> None:
    text = render("monitor_collector", "rules/hosts.yml.j2", host="monitor", monitor_alert_for={"cpu": "42s"})
    assert alarms(text)["HostCpuHigh"]["for"] == "42s"
    assert alarms(text)["HostMemoryHigh"]["for"] == "5m"


def test_levels_come_from_the_inventory_and_not_from_the_rules(render: Render) -> None:
    for name, rule in alarms(render("monitor_collector", "rules/hosts.yml.j2", host="monitor")).items():
        assert name in ("HostDown", "HostNeverSeen") or "monitor_threshold{name=" in rule["expr"]
