"""A host that is made anew has the address of the one before it: no connection to that one may be left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from conftest import ROOT, wait_until

from lab import hosts, settings

PING = ["ansible", "web-1", f"--inventory={ROOT}/inventory/lab", "--module-name=ansible.builtin.ping"]


def keeper(connection: Path) -> Path:
    """The process that keeps a connection open."""
    command = ["ssh", "-S", str(connection), "-O", "check", "any"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stderr
    return Path("/proc") / said.partition("pid=")[2].partition(")")[0]


def test_connections_that_ansible_keeps_end_with_the_hosts() -> None:
    lab = settings.from_environment()
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    subprocess.run(PING, cwd=ROOT, env=environment, capture_output=True, check=True)
    connections = list(lab.kept_connections.iterdir())
    assert connections
    keepers = [keeper(connection) for connection in connections]
    assert all(process.exists() for process in keepers)
    hosts.end_kept_connections(lab)
    assert not list(lab.kept_connections.iterdir())
    wait_until(lambda: not any(process.exists() for process in keepers), lambda: keepers)


def test_what_is_left_of_a_connection_goes_too() -> None:
    lab = settings.from_environment()
    left_over = lab.kept_connections / "0123456789"
    left_over.touch()
    hosts.end_kept_connections(lab)
    assert not left_over.exists()
