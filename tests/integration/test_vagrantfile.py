"""The Vagrantfile and its inventory, as far as they can be tried without machines: Vagrant itself judges the former."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# All that Vagrant asks of VirtualBox before it believes that it is there.
VIRTUALBOX = "#!/bin/sh\necho 6.1.38r153438\n"


class Vagrant:
    """Vagrant in a home of its own, with a VirtualBox of which only the version is there."""

    def __init__(self, place: Path) -> None:
        programs = place / "programs"
        programs.mkdir()
        (programs / "VBoxManage").write_text(VIRTUALBOX)
        (programs / "VBoxManage").chmod(0o755)
        self.machines = place / "machines"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LAB_")},
            "PATH": f"{programs}:{os.environ['PATH']}",
            "VAGRANT_HOME": str(place / "home"),
            "VAGRANT_DOTFILE_PATH": str(self.machines),
            "LAB_DRIVER": "qemu",
        }

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        everything = {**self._environment, **environment}
        return subprocess.run(command, cwd=ROOT, env=everything, capture_output=True, text=True, check=False)

    def validate(self, provider: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("vagrant", "validate", VAGRANT_DEFAULT_PROVIDER=provider, **environment)

    def make(self, *names: str) -> None:
        """What Vagrant leaves for a machine that it has made."""
        for name in names:
            place = self.machines / "machines" / name / "libvirt"
            place.mkdir(parents=True)
            (place / "id").write_text("0f…")


@pytest.fixture
def vagrant(tmp_path: Path) -> Vagrant:
    return Vagrant(tmp_path)


@pytest.mark.parametrize("provider", ["virtualbox", "libvirt"])
def test_it_is_valid_for_each_provider(vagrant: Vagrant, provider: str) -> None:
    result = vagrant.validate(provider)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("LAB_SERVERS", "many"), ("LAB_SERVERS", "0"), ("LAB_MEMORY", "512"), ("LAB_CPUS", "0"), ("LAB_CPUS", "one")],
)
def test_a_wrong_value_names_its_variable(vagrant: Vagrant, name: str, value: str) -> None:
    result = vagrant.validate("libvirt", **{name: value})
    assert result.returncode != 0
    assert f"{name} is {json.dumps(value)}" in result.stderr


def test_there_are_as_many_servers_as_asked_for_or_as_exist(vagrant: Vagrant) -> None:
    def machines(**environment: str) -> list[str]:
        listed = vagrant.run(
            "vagrant", "status", "--machine-readable", VAGRANT_DEFAULT_PROVIDER="virtualbox", **environment
        )
        return [line.split(",")[1] for line in listed.stdout.splitlines() if ",metadata,provider," in line]

    assert machines() == ["monitor", "web-1", "web-2", "web-3"]
    assert machines(LAB_SERVERS="1") == ["monitor", "web-1"]


def inventory(vagrant: Vagrant, directory: str) -> dict[str, Any]:
    result = vagrant.run("ansible-inventory", "--inventory", f"inventory/{directory}", "--list")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_inventory_has_the_machines_in_the_groups_of_the_container_lab(vagrant: Vagrant) -> None:
    vagrant.make("monitor", "web-1", "web-2", "web-3")
    ours, containers = inventory(vagrant, "vagrant"), inventory(vagrant, "lab")
    for group in ("monitor_collector", "demo_service"):
        assert ours[group]["hosts"] == containers[group]["hosts"]
    assert ours["monitor_agents"]["hosts"] == ["monitor", "web-1", "web-2", "web-3"]
    assert ours["_meta"]["hostvars"]["web-3"]["ansible_host"] == "192.168.56.13"


def test_both_labs_monitor_alike(vagrant: Vagrant) -> None:
    vagrant.make("monitor", "web-1")
    ours, containers = (inventory(vagrant, directory)["_meta"]["hostvars"]["web-1"] for directory in ("vagrant", "lab"))
    of_containers = yaml.safe_load((ROOT / "inventory/lab/group_vars/all/containers.yml").read_text())
    shared = {name for name in containers if name.startswith(("monitor_", "drill_"))} - of_containers.keys()
    assert len(shared) > 10
    assert {name: ours.get(name) for name in shared} == {name: containers[name] for name in shared}
    assert (ours["lab_slowness"], containers["lab_slowness"]) == (4, 1)


def test_without_machines_ansible_says_what_to_run(vagrant: Vagrant) -> None:
    result = vagrant.run("ansible-playbook", "-i", "inventory/vagrant", "site.yml")
    assert result.returncode != 0
    assert "there are no machines: run vagrant up first" in result.stderr
