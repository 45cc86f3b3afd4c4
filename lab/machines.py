"""What is known of the virtual machines of `vagrant up` without asking Vagrant, which takes seconds to answer."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from lab.accelerator import EMULATION, accelerator
from lab.errors import LabError
from lab.settings import ROOT

MONITOR = "monitor"
# How many times longer everything takes where processors are emulated.
EMULATION_SLOWNESS = 4
INSECURE_KEY = Path(os.environ.get("VAGRANT_HOME") or Path.home() / ".vagrant.d") / "insecure_private_key"


class Machine(NamedTuple):
    """A machine that Vagrant has made, by which provider, and how ssh reaches it, while it runs."""

    name: str
    provider: str
    address: str
    key: Path


def vagrant_directory() -> Path:
    """Where Vagrant keeps what it knows of this project's machines."""
    return ROOT / (os.environ.get("VAGRANT_DOTFILE_PATH") or ".vagrant")


def made() -> list[Machine]:
    """The machines that exist, running or not, the monitor host first. Raises LabError when there is none."""
    found = []
    for mark in sorted(vagrant_directory().glob("machines/*/*/id")):
        name, provider = mark.parts[-3:-1]
        key = mark.with_name("private_key")
        found.append(Machine(name, provider, address(name), key if key.exists() else INSECURE_KEY))
    if not found:
        raise LabError("there are no machines: run vagrant up first")
    return sorted(found, key=lambda machine: (machine.name != MONITOR, machine.name))


def address(name: str) -> str:
    """The fixed address of a machine, as the Vagrantfile gives it."""
    network = re.search(r'^NETWORK = "([0-9.]+)"', (ROOT / "Vagrantfile").read_text(), re.MULTILINE)
    number = 0 if name == MONITOR else int(name.rpartition("-")[2])
    return f"{network.group(1)}.{10 + number}" if network else ""


def slowness() -> int:
    """How many times longer everything may take than on a machine of today; what LAB_SLOWNESS says, if anything."""
    wanted = os.environ.get("LAB_SLOWNESS", "")
    if wanted:
        return int(wanted)
    is_emulated = any(machine.provider == "libvirt" for machine in made()) and accelerator() == EMULATION
    return EMULATION_SLOWNESS if is_emulated else 1


def ssh_config() -> str:
    """For programs that do not read Ansible's inventory."""
    sections = [f"Host {one.name}\n  HostName {one.address}\n  IdentityFile {one.key}\n" for one in made()]
    everywhere = (
        "Host *\n  User vagrant\n  IdentitiesOnly yes\n"
        "  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n  LogLevel ERROR\n"
    )
    return "\n".join([*sections, everywhere])
