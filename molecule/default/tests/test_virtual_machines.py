"""What only machines have: a kernel and a processor of their own, and a switch to turn them off."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from conftest import AGENTS, ROOT, Collector, connect, wait_until
from testinfra.host import Host

SERVER = "web-1"
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


def test_a_machine_that_is_switched_off_is_down_until_it_is_on_again(collector: Collector) -> None:
    def down() -> dict[str, float]:
        return collector.query('ALERTS{alertname="HostDown",alertstate="firing"}')

    assert down() == {}
    vagrant("halt", SERVER)
    try:
        wait_until(lambda: bool(down()), down)
        assert set(down()) == {SERVER}
        assert collector.query("up") == {name: float(name != SERVER) for name in AGENTS}
    finally:
        vagrant("up", SERVER)
    wait_until(lambda: down() == {}, down)
    assert collector.query("up") == dict.fromkeys(AGENTS, 1)
