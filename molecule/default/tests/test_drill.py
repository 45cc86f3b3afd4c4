"""A drill proves something only where nothing rings before it, so it waits for that."""

from __future__ import annotations

import os
import subprocess

from conftest import ROOT, Collector, connect, wait_until

HOST = "web-2"
BUSY = "while :; do :; done"
LOAD = f"systemd-run --quiet --unit=alarm-before-a-drill sh -c \"timeout 20 sh -c '{BUSY} & {BUSY}'; true\""


def test_a_drill_waits_for_an_alarm_that_is_about_to_end(collector: Collector) -> None:
    query = f'ALERTS{{instance="{HOST}"}}'
    connect(HOST).check_output(LOAD)
    wait_until(lambda: collector.query(query), lambda: "no alarm is pending")
    inventory = str(ROOT / "inventory" / "lab")
    command = ["ansible-playbook", "--inventory", inventory, "playbooks/drill.yml", "--limit", HOST]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "false"}
    drill = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert drill.returncode == 0, drill.stdout
    assert f"HostCpuHigh on {HOST}: fired" in drill.stdout
