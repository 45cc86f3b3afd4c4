"""Runs podman with settings that fit this machine, found by looking at it.

podman reads them from a file of the lab's own (`CONTAINERS_CONF`), so nobody's configuration is changed.
"""

from __future__ import annotations

import resource
from pathlib import Path

from lab.commands import as_root, run, succeeds
from lab.settings import Lab

WANTED_OPEN_FILES = 20_000
WANTED_PROCESSES = 30_000


def has_unified_cgroups(root: Path = Path("/")) -> bool:
    """Whether the machine runs cgroup v2 alone; on v1 and on the hybrid layout controllers live in v1."""
    return (root / "sys/fs/cgroup/cgroup.controllers").exists()


def configuration() -> str:
    """containers.conf for this machine.

    runc, because crun refuses hybrid cgroups; cgroupfs, because it works without a systemd on the machine;
    limits no higher than our own, because raising them takes CAP_SYS_RESOURCE, which many sandboxes lack.
    """
    return f"""\
[containers]
default_ulimits = [
  "nofile={_at_most(resource.RLIMIT_NOFILE, WANTED_OPEN_FILES)}",
  "nproc={_at_most(resource.RLIMIT_NPROC, WANTED_PROCESSES)}",
]

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"

[network]
network_backend = "netavark"
"""


def _at_most(limit: int, wanted: int) -> str:
    _, hard = resource.getrlimit(limit)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    return f"{value}:{value}"


class Podman:
    """podman for one lab. Every method raises LabError with podman's own words when it fails."""

    def __init__(self, lab: Lab) -> None:
        self._configuration = lab.state / "containers.conf"
        self._configuration.parent.mkdir(parents=True, exist_ok=True)
        text = configuration()
        if not self._configuration.exists() or self._configuration.read_text() != text:
            self._configuration.write_text(text)

    def command(self, *arguments: str) -> list[str]:
        """The whole command line, for callers that run it themselves (through sudo it keeps its settings).

        It runs in the lab's own directory, where a container that runs out of memory leaves a file called oom.
        """
        place = f"--chdir={self._configuration.parent}"
        return as_root(["env", place, f"CONTAINERS_CONF={self._configuration}", "podman", *arguments])

    def run(self, *arguments: str, input_text: str | None = None) -> str:
        return run(self.command(*arguments), input_text=input_text, is_shielded=True).strip()

    def succeeds(self, *arguments: str) -> bool:
        return succeeds(self.command(*arguments))
