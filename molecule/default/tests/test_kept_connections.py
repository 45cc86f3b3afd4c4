"""A host that is made anew has the address of the one before it: no connection to that one may be left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from conftest import ROOT, Collector, wait_until

from lab import hosts, settings
from lab.podman import Podman

HOST = "web-3"
PING = ["ansible", HOST, f"--inventory={ROOT}/inventory/lab", "--module-name=ansible.builtin.ping"]
# Without an end to it, Ansible keeps a connection for 60 seconds.
PATIENCE_SECONDS = 30


def keepers(lab: settings.Lab) -> list[Path]:
    """The processes that keep a connection open, after a new one was made."""
    hosts.end_kept_connections(lab)
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    subprocess.run(PING, cwd=ROOT, env=environment, capture_output=True, check=True)
    found = [keeper(connection) for connection in lab.kept_connections.iterdir()]
    assert found
    assert all(process.exists() for process in found)
    return found


def keeper(connection: Path) -> Path:
    command = ["ssh", "-S", str(connection), "-O", "check", "any"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stderr
    return Path("/proc") / said.partition("pid=")[2].partition(")")[0]


def wait_for_the_end(processes: list[Path]) -> None:
    wait_until(lambda: not any(process.exists() for process in processes), lambda: processes, PATIENCE_SECONDS)


def test_connections_that_ansible_keeps_end_with_the_hosts() -> None:
    lab = settings.from_environment()
    processes = keepers(lab)
    hosts.end_kept_connections(lab)
    assert not list(lab.kept_connections.iterdir())
    wait_for_the_end(processes)


def test_a_connection_to_a_machine_that_answers_no_more_is_not_kept(collector: Collector) -> None:
    lab = settings.from_environment()
    podman = Podman(lab)
    container = next(lab.container(host) for host in lab.hosts if host.name == HOST)
    processes = keepers(lab)
    podman.run("pause", container)
    try:
        wait_for_the_end(processes)
    finally:
        podman.run("unpause", container)
    ringing = f'ALERTS{{instance="{HOST}",alertstate="firing"}}'
    wait_until(lambda: not collector.query(ringing), lambda: collector.get("/api/v1/alerts"))
