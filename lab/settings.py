"""What a lab consists of and where its files are; everything a user may change is an environment variable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from lab.errors import LabError

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "monitor-lab"
COLLECTOR_PORT = 9430
MONITOR_RELEASE = "bookworm"
DEFAULT_RELEASES = "bullseye bookworm trixie"
SERVERS = ("web-1", "web-2", "web-3")


class Host(NamedTuple):
    """One machine of the lab. `memory` is in podman's notation (`512m`), `cpus` in cores."""

    name: str
    release: str
    cpus: str
    memory: str
    published_port: int | None = None


class Lab(NamedTuple):
    """One lab; several can run side by side under different names.

    `port` is where the collector is published on 127.0.0.1; 0 lets the system choose a free one.
    """

    name: str
    hosts: tuple[Host, ...]
    port: int

    @property
    def state(self) -> Path:
        """The lab's own files: ssh key and configuration, podman's configuration, pid files."""
        return ROOT / ".lab" / self.name

    @property
    def network(self) -> str:
        return f"monitor-{self.name}"

    def container(self, host: Host) -> str:
        return f"{self.network}-{host.name}"

    @property
    def kept_connections(self) -> Path:
        """Where Ansible keeps its connections to the hosts open for a minute; inventory/lab says so too."""
        return Path.home() / ".ansible" / "cp" / self.name

    @property
    def proc_view(self) -> Path:
        """Where lxcfs is mounted on this machine."""
        return Path("/run/monitor-lab") / self.name / "lxcfs"


def from_environment() -> Lab:
    """The lab that the LAB_* variables describe (`bin/lab help` lists them).

    Raises LabError naming the variable that is wrong.
    """
    name = os.environ.get("LAB_NAME", "lab")
    if not name.replace("-", "").isalnum():
        raise LabError(f"LAB_NAME is {name!r}: use letters, digits and dashes, for example LAB_NAME=lab")
    releases = os.environ.get("LAB_RELEASES", DEFAULT_RELEASES).split()
    if len(releases) != len(SERVERS):
        raise LabError(
            f"LAB_RELEASES names {len(releases)} releases: give one for each of {', '.join(SERVERS)}, "
            f'for example LAB_RELEASES="{DEFAULT_RELEASES}"'
        )
    port_text = os.environ.get("LAB_PORT", str(COLLECTOR_PORT))
    if not port_text.isdigit() or int(port_text) > 65535:
        raise LabError(f"LAB_PORT is {port_text!r}: give a port number, for example LAB_PORT={COLLECTOR_PORT}")
    cpus = os.environ.get("LAB_CPUS", "1")
    memory = os.environ.get("LAB_MEMORY", "512m")
    monitor = Host("monitor", MONITOR_RELEASE, cpus, os.environ.get("LAB_MONITOR_MEMORY", "1g"), COLLECTOR_PORT)
    servers = tuple(Host(*pair, cpus, memory) for pair in zip(SERVERS, releases, strict=True))
    return Lab(name, (monitor, *servers), int(port_text))
