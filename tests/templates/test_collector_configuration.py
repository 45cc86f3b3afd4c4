"""What the inventory says about hosts, as the collector gets it."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.templates.conftest import Render

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
    web-2:
"""


def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yml"
    path.write_text(INVENTORY)
    return path


def test_every_host_of_the_group_is_a_target_with_its_own_interval_and_labels(render: Render, tmp_path: Path) -> None:
    text = render("monitor_collector", "targets.yml.j2", host="monitor", inventory=inventory(tmp_path))
    assert yaml.safe_load(text)["targets"] == [
        {"instance": "monitor", "interval_seconds": 5, "labels": {}},
        {"instance": "web-1", "interval_seconds": 2, "labels": {"ring": "early"}},
        {"instance": "web-2", "interval_seconds": 5, "labels": {}},
    ]


def test_a_host_has_its_own_level_and_the_collectors_own_level_is_nobody_elses(render: Render, tmp_path: Path) -> None:
    text = render("monitor_collector", "thresholds.yml.j2", host="monitor", inventory=inventory(tmp_path))
    levels = {host: names["cpu_used_ratio"] for host, names in yaml.safe_load(text)["thresholds"].items()}
    assert levels == {"monitor": 0.99, "web-1": 0.5, "web-2": 0.9}


def test_the_drill_is_always_a_receiver_beside_the_inventorys(render: Render) -> None:
    team = {"name": "team", "webhook": {"url": "https://chat.example.org/x"}}
    text = render("monitor_collector", "receivers.yml.j2", host="monitor", monitor_receivers=[team])
    receivers = yaml.safe_load(text)["receivers"]
    assert receivers[0] == team
    assert [receiver["name"] for receiver in receivers] == ["team", "drill"]


def test_the_collector_listens_where_the_inventory_says(render: Render) -> None:
    text = render("monitor_collector", "collector.yml.j2", host="monitor", monitor_collector_port=9999)
    assert yaml.safe_load(text)["listen"] == "0.0.0.0:9999"
