"""Looks at the provisioned hosts over ssh, and at the collector through its API, as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

ROOT = Path(__file__).resolve().parents[3]
# The labs' inventories: of containers, or of virtual machines.
LAB = os.environ.get("LAB_INVENTORY", "lab")
SSH_CONFIG = Path(os.environ.get("LAB_SSH_CONFIG") or ROOT / ".lab" / os.environ["LAB_NAME"] / "ssh_config")
LEAST_TESTS = {"lab": 123, "vagrant": 45}[LAB]

OF_BOTH_LABS = {"test_agent.py", "test_collector.py", "test_services.py"}
OF_VIRTUAL_MACHINES = {"test_virtual_machines.py"}


def inventory() -> dict[str, Any]:
    command = ["ansible-inventory", "--inventory", str(ROOT / "inventory" / LAB), "--list"]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def members(groups: dict[str, Any], name: str) -> list[str]:
    group = groups.get(name, {})
    below = (host for child in group.get("children", []) for host in members(groups, child))
    return sorted({*group.get("hosts", []), *below})


GROUPS = inventory()
AGENTS = members(GROUPS, "monitor_agents")
COLLECTOR = members(GROUPS, "monitor_collector")[0]
# How many times longer everything may take than on a machine of today.
SLOWNESS = GROUPS["_meta"]["hostvars"][COLLECTOR]["lab_slowness"]


def play(playbook: str, *arguments: str) -> tuple[int, str]:
    """Runs a playbook on the lab: its exit code and all that it says, in one line."""
    command = ["ansible-playbook", "--inventory", str(ROOT / "inventory" / LAB), playbook, *arguments]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "false"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, " ".join((result.stdout + result.stderr).split())


def connect(name: str) -> Host:
    return testinfra.get_host(f"ssh://{name}", ssh_config=str(SSH_CONFIG), sudo=True)


@pytest.fixture(scope="session", params=AGENTS)
def agent_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def agent_host(agent_name: str) -> Host:
    return connect(agent_name)


@pytest.fixture(scope="session")
def collector_host() -> Host:
    return connect(COLLECTOR)


class Collector:
    """The collector's API at the monitor host's own address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str, **parameters: str) -> Any:
        url = f"{self.address}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> dict[str, float]:
        """The value of each series by its instance."""
        result = self.get("/api/v1/query", query=expression)["result"]
        return {series["metric"].get("instance", ""): float(series["value"][1]) for series in result}


def wait_until(condition: Callable[[], bool], complaint: Callable[[], object], patience_seconds: float = 60) -> None:
    """Returns when the condition holds; fails with the complaint when it never does."""
    deadline = time.monotonic() + patience_seconds * SLOWNESS
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.2 * SLOWNESS)


def address_of(name: str) -> str:
    lines = SSH_CONFIG.read_text().splitlines()
    return lines[lines.index(f"Host {name}") + 1].split()[1]


@pytest.fixture(scope="session")
def collector() -> Collector:
    return Collector(f"http://{address_of(COLLECTOR)}:9430")


def is_for_this_lab(file_name: str) -> bool:
    if LAB == "vagrant":
        return file_name in OF_BOTH_LABS | OF_VIRTUAL_MACHINES
    return file_name not in OF_VIRTUAL_MACHINES


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests of the other lab, by test: Molecule names all files, and what is named is collected."""
    others = [item for item in items if not is_for_this_lab(item.path.name)]
    items[:] = [item for item in items if is_for_this_lab(item.path.name)]
    config.hook.pytest_deselected(items=others)


def pytest_collection_finish(session: pytest.Session) -> None:
    """A directory without tests, or an inventory without hosts, must not look like success."""
    if len(session.items) < LEAST_TESTS:
        pytest.exit(f"only {len(session.items)} tests were found, at least {LEAST_TESTS} are expected", returncode=1)
