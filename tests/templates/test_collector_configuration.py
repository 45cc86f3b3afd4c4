"""What the inventory says about hosts, as the collector gets it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from monitor_collector.dashboard.columns import read_columns
from monitor_collector.notifications.configuration import read_policy
from monitor_collector.notifications.flapping import Flapping
from monitor_collector.notifications.inhibition import Inhibitor
from monitor_collector.notifications.policy import Policy
from monitor_collector.notifications.routing import Route, matching
from monitor_collector.probes.configuration import read_probes
from tests.templates.conftest import ROOT, Render, evaluate

INVENTORY = """\
monitor_collector:
  hosts:
    monitor:
      monitor_threshold_cpu_used_ratio: 0.99
monitor_agents:
  hosts:
    monitor:
    web-1:
      monitor_interval: 2
      monitor_labels: {ring: early}
      monitor_threshold_cpu_used_ratio: 0.5
      monitor_probes:
        - {name: site, http: {url: "http://{{ inventory_hostname }}:8080/"}}
        - {tcp: {address: "{{ inventory_hostname }}:22"}}
    web-2:
early:
  hosts:
    web-1:
"""


def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yml"
    path.write_text(INVENTORY)
    return path


def test_every_host_of_the_group_is_a_target_with_its_own_interval_and_labels(render: Render, tmp_path: Path) -> None:
    text = render("monitor_collector", "targets.yml.j2", host="monitor", inventory=inventory(tmp_path))
    assert yaml.safe_load(text)["targets"] == [
        {"instance": "monitor", "interval_seconds": 5, "labels": {}, "groups": ["monitor_collector"]},
        {"instance": "web-1", "interval_seconds": 2, "labels": {"ring": "early"}, "groups": ["early"]},
        {"instance": "web-2", "interval_seconds": 5, "labels": {}, "groups": []},
    ]


def test_a_host_has_its_own_level_and_the_collectors_own_level_is_nobody_elses(render: Render, tmp_path: Path) -> None:
    text = render("monitor_collector", "thresholds.yml.j2", host="monitor", inventory=inventory(tmp_path))
    levels = {host: names["cpu_used_ratio"] for host, names in yaml.safe_load(text)["thresholds"].items()}
    assert levels == {"monitor": 0.99, "web-1": 0.5, "web-2": 0.9}


def test_a_host_is_probed_as_it_says(render: Render, tmp_path: Path) -> None:
    text = render("monitor_collector", "probes.yml.j2", host="monitor", inventory=inventory(tmp_path))
    (tmp_path / "probes.yml").write_text(text)
    found = [(one.instance, one.name, one.check.target) for one in read_probes(tmp_path / "probes.yml")]
    assert found == [("web-1", "site", "http://web-1:8080/"), ("web-1", "tcp", "web-1:22")]


def test_columns_of_the_inventory_come_beside_the_usual_ones(render: Render, tmp_path: Path) -> None:
    column = {"title": "Requests", "query": 'rate(requests_total{x="1"}[1m])', "unit": "per_second"}
    text = render("monitor_collector", "dashboard.yml.j2", host="monitor", monitor_dashboard_columns=[column])
    (tmp_path / "dashboard.yml").write_text(text)
    assert [one._asdict() for one in read_columns(tmp_path / "dashboard.yml")] == [column]


def test_the_drill_is_always_a_receiver_beside_the_inventorys(render: Render) -> None:
    team = {"name": "team", "webhook": {"url": "https://chat.example.org/x"}}
    text = render("monitor_collector", "receivers.yml.j2", host="monitor", monitor_receivers=[team])
    receivers = yaml.safe_load(text)["receivers"]
    assert receivers[0] == team
    assert [receiver["name"] for receiver in receivers] == ["team", "drill"]


def routed(policy: Policy, name: str) -> list[Route]:
    """Where an alarm of web-1 goes."""
    return list(matching(policy.route, (("alertname", name), ("instance", "web-1"), ("severity", "warning"))))


def test_without_a_route_everybody_is_told_at_once_and_the_drill_hears_the_same(render: Render, tmp_path: Path) -> None:
    receivers = [{"name": name, "webhook": {"url": "https://chat.example.org/x"}} for name in ("team", "boss")]
    file = tmp_path / "receivers.yml"
    file.write_text(render("monitor_collector", "receivers.yml.j2", host="monitor", monitor_receivers=receivers))
    found = routed(read_policy(file), "HostCpuHigh")
    assert [route.receiver for route in found] == ["drill", "team", "boss"]
    assert {(route.group_wait_ms, route.group_interval_ms) for route in found} == {(0, 0)}
    file.write_text(render("monitor_collector", "receivers.yml.j2", host="monitor", monitor_receivers=[]))
    assert [route.receiver for route in routed(read_policy(file), "HostCpuHigh")] == ["drill"]


def test_the_drill_hears_at_once_and_always_whatever_the_inventory_routes(render: Render, tmp_path: Path) -> None:
    variables = {
        "monitor_receivers": [{"name": "team", "webhook": {"url": "https://chat.example.org/x"}}],
        "monitor_route": {
            "receiver": "team",
            "group_wait": "30s",
            "group_interval": "5m",
            "routes": [{"matchers": ['severity="warning"'], "mute_time_intervals": ["night"]}],
        },
        "monitor_time_intervals": [{"name": "night", "time_intervals": [{"weekdays": ["saturday"]}]}],
        "monitor_heartbeat": {"url": "https://hc.example.org/x"},
    }
    file = tmp_path / "receivers.yml"
    file.write_text(render("monitor_collector", "receivers.yml.j2", host="monitor", **variables))
    policy = read_policy(file)
    drill, team = routed(policy, "HostCpuHigh")
    assert (drill.receiver, drill.group_wait_ms, drill.group_interval_ms, drill.flapping) == ("drill", 0, 0, None)
    assert (drill.mute_time_intervals, team.mute_time_intervals) == ((), ("night",))
    assert (team.receiver, team.group_wait_ms, team.group_interval_ms) == ("team", 30_000, 300_000)
    assert team.flapping == Flapping(changes=10, window_ms=900_000)
    assert policy.heartbeat is not None


def test_a_host_that_is_down_mutes_its_other_alarms(render: Render, tmp_path: Path) -> None:
    file = tmp_path / "receivers.yml"
    file.write_text(render("monitor_collector", "receivers.yml.j2", host="monitor"))
    down = (("alertname", "HostDown"), ("instance", "web-1"))
    inhibitor = Inhibitor(read_policy(file).inhibit_rules, [down])
    assert inhibitor.inhibitors((("alertname", "HostCpuHigh"), ("instance", "web-1"))) == (down,)
    assert inhibitor.inhibitors((("alertname", "HostCpuHigh"), ("instance", "web-2"))) == ()
    assert inhibitor.inhibitors(down) == ()


def test_the_collector_listens_where_the_inventory_says(render: Render) -> None:
    text = render("monitor_collector", "collector.yml.j2", host="monitor", monitor_collector_port=9999)
    assert yaml.safe_load(text)["listen"] == "0.0.0.0:9999"


@pytest.mark.parametrize(
    ("restart", "is_reloaded"), [({}, True), ({"changed": False}, True), ({"changed": True}, False)]
)
def test_a_collector_that_was_not_restarted_is_reloaded(restart: dict[str, bool], is_reloaded: bool) -> None:
    handlers = yaml.safe_load((ROOT / "roles/monitor_collector/handlers/main.yml").read_text())
    condition = next(handler["when"] for handler in handlers if handler["name"] == "Reload the collector")
    variables = {"ansible_check_mode": False, **({"_monitor_collector_restart": restart} if restart else {})}
    found = evaluate(f"{{{{ {condition} }}}}", "monitor_collector", "monitor", ROOT / "inventory/lab", variables)
    assert found == is_reloaded


def test_what_the_role_installs_is_what_templates_and_rule_files_say(render: Render, tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text("groups: []\n\n")
    files = evaluate(
        "{{ _monitor_collector_files }}",
        "monitor_collector",
        "monitor",
        inventory(tmp_path),
        {"monitor_rule_files": [str(own)], "role_path": str(ROOT / "roles/monitor_collector")},
    )
    assert files["rules.d/own.yml"] == "groups: []\n\n"
    assert files["targets.yml"] == render(
        "monitor_collector", "targets.yml.j2", host="monitor", inventory=inventory(tmp_path)
    )
    assert {"collector.yml", "rules.d/cpu.yml"} < set(files)


@pytest.mark.parametrize(
    ("own", "is_fine"),
    [(["a/mine.yml", "yours.yml"], True), (["a/mine.yml", "b/mine.yml"], False), (["cpu.yml"], False)],
)
def test_no_rule_file_takes_the_place_of_another(own: list[str], is_fine: bool, tmp_path: Path) -> None:
    tasks = yaml.safe_load((ROOT / "roles/monitor_collector/tasks/preflight.yml").read_text())
    task = next(task for task in tasks if task["name"] == "Check that no rule file would take another's place")
    variables = {"monitor_rule_files": own, "item": own[0]}
    condition = task["ansible.builtin.assert"]["that"]
    found = evaluate(f"{{{{ {condition} }}}}", "monitor_collector", "monitor", inventory(tmp_path), variables)
    assert found is is_fine
