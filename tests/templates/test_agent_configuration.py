"""agent.ini as the agent itself reads it."""

from __future__ import annotations

from pathlib import Path

from monitor_agent.config import Config, read_config
from tests.templates.conftest import Render


def read(render: Render, tmp_path: Path, **variables: object) -> Config:
    path = tmp_path / "agent.ini"
    path.write_text(render("monitor_agent", "agent.ini.j2", host="web-1", **variables))
    return read_config(str(path))


def test_the_defaults_are_the_agents_own(render: Render, tmp_path: Path) -> None:
    config = read(render, tmp_path)
    assert [each.name for each in config.destinations] == [""]
    assert config.listen_address is None
    assert config.collectors["cpu"] == 0


def test_what_the_inventory_says_reaches_the_agent(render: Render, tmp_path: Path) -> None:
    config = read(
        render,
        tmp_path,
        monitor_interval=5,
        monitor_push_url="https://one/",
        monitor_push_ca_file="/etc/monitor-agent/ca.pem",
        monitor_push_token_file="/etc/monitor-agent/token",
        monitor_push_mode="all",
        monitor_push_further=[{"name": "two", "url": "https://two/", "timeout_seconds": 3}],
        monitor_agent_listen_address="127.0.0.1:9431",
        monitor_agent_listen_token_file="/etc/monitor-agent/metrics-token",
        monitor_agent_collectors={"diskstats": False, "cpu": True},
        monitor_agent_collector_intervals={"filesystem": 30},
        monitor_agent_options={"diskstats_device_exclude": "^sd"},
    )
    first, second = config.destinations
    assert (first.url.text, first.ca_file, first.token_file) == (
        "https://one/",
        "/etc/monitor-agent/ca.pem",
        "/etc/monitor-agent/token",
    )
    assert (second.name, second.url.text, second.ca_file, second.timeout_seconds) == (
        "two",
        "https://two/",
        "/etc/monitor-agent/ca.pem",
        3,
    )
    assert config.push_mode == "all"
    assert config.listen_address == ("127.0.0.1", 9431)
    assert config.listen_token_file == "/etc/monitor-agent/metrics-token"
    assert "diskstats" not in config.collectors
    assert config.collectors["filesystem"] == 30
    assert config.collectors["cpu"] == 0
    assert config.options.diskstats_device_exclude == "^sd"


def unit_of(render: Render, **variables: object) -> list[str]:
    return render("monitor_agent", "monitor-agent@.service.j2", host="web-1", **variables).splitlines()


def test_the_unit_gives_up_only_what_a_collector_that_is_switched_on_needs(render: Render) -> None:
    locked, open_ = unit_of(render), unit_of(render, monitor_agent_collectors={"timex": True, "processes": True})
    assert {"ProtectClock=yes", "ProtectProc=invisible", "CapabilityBoundingSet="} <= set(locked)
    assert not any("adjtimex" in line for line in locked)
    assert {"ProtectClock=no", "ProtectProc=default", "CapabilityBoundingSet="} <= set(open_)
    assert open_.index("SystemCallFilter=adjtimex clock_adjtime") > open_.index(
        "SystemCallFilter=~@privileged @resources"
    )
