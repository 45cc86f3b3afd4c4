"""What goes with the hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab import hosts, settings


class FakePodman:
    """Has a lab's containers until they are removed."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)

    def run(self, *arguments: str) -> str:
        if arguments[0] == "rm":
            self.names -= set(arguments)
        return "\n".join(sorted(self.names))


def test_the_connections_that_ansible_keeps_go_with_the_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LAB_NAME", "one")
    lab = settings.from_environment()
    ours, of_another_lab = lab.kept_connections / "0123456789", lab._replace(name="two").kept_connections / "0123456789"
    for connection in (ours, of_another_lab):
        connection.parent.mkdir(parents=True)
        connection.touch()
    podman: Any = FakePodman("monitor-one-monitor", "monitor-one-web-1")
    hosts.remove(lab, podman)
    assert podman.names == set()
    assert not ours.exists()
    assert of_another_lab.exists()
