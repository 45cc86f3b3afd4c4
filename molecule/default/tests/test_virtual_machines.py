"""What only machines have: a kernel and a processor of their own, and a switch to turn them off."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from conftest import AGENTS, ROOT, Collector, connect, wait_until
from testinfra.host import Host

SERVER = "web-1"
TAKE_TOO_MUCH = "bytearray(200 * 1024 * 1024)"
BOOT = "/proc/sys/kernel/random/boot_id"


def vagrant(*arguments: str) -> None:
    subprocess.run(["vagrant", *arguments], cwd=ROOT, check=True)


def test_each_machine_has_a_kernel_of_its_own(agent_host: Host) -> None:
    assert agent_host.check_output("uname -r") != platform.release()
    boots = {connect(name).check_output(f"cat {BOOT}") for name in AGENTS}
    assert len(boots | {Path(BOOT).read_text().strip()}) == len(AGENTS) + 1


def test_each_machine_has_a_processor_of_its_own(agent_host: Host) -> None:
    assert agent_host.check_output("systemd-detect-virt") in ("kvm", "qemu")
    assert agent_host.check_output("nproc") == os.environ.get("LAB_CPUS", "1")


def test_no_machine_has_had_an_address_of_the_lab_by_chance(agent_host: Host) -> None:
    said = agent_host.check_output("journalctl --boot --unit systemd-networkd --output cat --no-pager")
    assert "DHCPv4 address 192.168.121." in said
    assert "DHCPv4 address 192.168.56." not in said


def firing(collector: Collector, name: str) -> set[str]:
    """The hosts for which an alarm rings."""
    return set(collector.query(f'ALERTS{{alertname="{name}",alertstate="firing"}}'))


def wait_for_alarm(collector: Collector, name: str) -> None:
    wait_until(lambda: firing(collector, name) == {SERVER}, lambda: f"{name}: {firing(collector, name)}")


def test_a_process_that_the_kernel_kills_for_want_of_memory_rings(collector: Collector) -> None:
    assert firing(collector, "HostOomKill") == set()
    limits = "--property=MemoryMax=30M --property=MemorySwapMax=0"
    connect(SERVER).run(f"systemd-run --quiet --wait {limits} python3 -c '{TAKE_TOO_MUCH}'")
    wait_for_alarm(collector, "HostOomKill")


def test_a_machine_that_is_switched_off_is_down_until_it_is_on_again(collector: Collector) -> None:
    assert firing(collector, "HostDown") == set()
    vagrant("halt", SERVER)
    try:
        wait_for_alarm(collector, "HostDown")
        assert collector.query("up") == {name: float(name != SERVER) for name in AGENTS}
    finally:
        vagrant("up", SERVER)
    wait_until(lambda: not firing(collector, "HostDown"), lambda: firing(collector, "HostDown"))
    assert collector.query("up") == dict.fromkeys(AGENTS, 1)
    wait_for_alarm(collector, "HostRebooted")
