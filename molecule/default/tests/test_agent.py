"""Every host of the inventory runs the agent, and what it reports agrees with what the host says itself."""

from __future__ import annotations

import pytest
from conftest import SLOWNESS, Collector
from testinfra.host import Host

UNIT = "monitor-agent@blue.service"


def test_the_unit_is_active_and_starts_at_boot(agent_host: Host) -> None:
    unit = agent_host.service(UNIT)
    assert unit.is_running
    assert unit.is_enabled


def test_the_agent_has_not_been_restarted_by_systemd(agent_host: Host) -> None:
    assert agent_host.check_output(f"systemctl show {UNIT} --property NRestarts --value") == "0"


def test_the_configuration_is_readable_by_the_agent_alone(agent_host: Host) -> None:
    file = agent_host.file("/etc/monitor-agent/agent.ini")
    assert (file.user, file.group, file.mode) == ("root", "monitor-agent", 0o640)


def test_the_program_belongs_to_root_and_is_writable_by_nobody_else(agent_host: Host) -> None:
    file = agent_host.file(agent_host.file("/opt/monitor-agent/blue").linked_to + "/monitor-agent.pyz")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o755)


def test_the_agent_runs_as_its_own_user_without_a_shell(agent_host: Host) -> None:
    assert agent_host.check_output(f"systemctl show {UNIT} --property User --value") == "monitor-agent"
    assert agent_host.user("monitor-agent").shell == "/usr/sbin/nologin"


def test_the_unit_is_locked_down(agent_host: Host) -> None:
    verdict = agent_host.check_output(f"systemd-analyze security {UNIT} --no-pager").splitlines()[-1]
    exposure = float(next(word for word in verdict.split() if word.replace(".", "").isdigit()))
    assert exposure <= 1.5, verdict


def test_the_host_reports_current_data(agent_name: str, collector: Collector) -> None:
    assert collector.query(f'up{{instance="{agent_name}"}}') == {agent_name: 1}
    age = collector.query(f'time() - timestamp(node_time_seconds{{instance="{agent_name}"}})')[agent_name]
    assert age < 3 * SLOWNESS


def test_the_hosts_labels_are_the_inventorys(agent_name: str, collector: Collector) -> None:
    series = collector.get("/api/v1/query", query=f'node_load1{{instance="{agent_name}"}}')["result"]
    assert len(series) == 1
    assert {**series[0]["metric"]} == {
        "__name__": "node_load1",
        "env": "lab",
        "instance": agent_name,
        "job": "host",
    }


def test_memory_agrees_with_the_host(agent_name: str, agent_host: Host, collector: Collector) -> None:
    said = int(agent_host.check_output("awk '/^MemTotal/ {print $2}' /proc/meminfo")) * 1024
    reported = collector.query(f'node_memory_MemTotal_bytes{{instance="{agent_name}"}}')[agent_name]
    assert reported == said
    limit = (1024 if agent_name == "monitor" else 512) * 1024 * 1024
    # A kernel of its own takes some of it first.
    assert 0.8 * limit < said <= limit, "the host sees this machine's memory, not its own"


def test_the_root_file_system_agrees_with_the_host(agent_name: str, agent_host: Host, collector: Collector) -> None:
    said = int(agent_host.check_output("df --output=size --block-size=1 / | tail -n 1"))
    selector = f'node_filesystem_size_bytes{{instance="{agent_name}",mountpoint="/"}}'
    assert collector.query(selector)[agent_name] == said


def test_boot_time_agrees_with_the_host(agent_name: str, agent_host: Host, collector: Collector) -> None:
    said = int(agent_host.check_output("awk '/^btime/ {print $2}' /proc/stat"))
    reported = collector.query(f'node_boot_time_seconds{{instance="{agent_name}"}}')[agent_name]
    assert reported == pytest.approx(said, abs=2)


def test_the_kernel_release_agrees_with_the_host(agent_name: str, agent_host: Host, collector: Collector) -> None:
    series = collector.get("/api/v1/query", query=f'node_uname_info{{instance="{agent_name}"}}')["result"]
    assert series[0]["metric"]["release"] == agent_host.check_output("uname -r")
    assert series[0]["metric"]["nodename"] == agent_name


def test_network_counters_move(agent_name: str, collector: Collector) -> None:
    expression = (
        f'sum by (instance) (rate(node_network_transmit_bytes_total{{instance="{agent_name}"}}[{10 * SLOWNESS}s]))'
    )
    assert collector.query(expression)[agent_name] > 0
