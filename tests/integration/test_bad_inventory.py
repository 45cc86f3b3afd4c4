"""A wrong inventory ends site.yml early, with a message that names what to mend, before any host is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = "ansible_connection: local, ansible_python_interpreter: " + sys.executable


def play(tmp_path: Path, inventory: str) -> str:
    """What `ansible-playbook site.yml` says about an inventory that it must refuse, in one line."""
    path = tmp_path / "hosts.yml"
    path.write_text(inventory)
    command = [Path(sys.executable).parent / "ansible-playbook", "--inventory", path, "site.yml"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "COLUMNS": "10000"}
    result = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "changed: [" not in result.stdout
    return " ".join(result.stdout.split() + result.stderr.split())


def test_an_inventory_without_a_collector_is_told_to_add_one(tmp_path: Path) -> None:
    said = play(tmp_path, f"monitor_agents: {{hosts: {{web-1: {{{HERE}}}}}}}")
    assert "must have exactly one host in the group monitor_collector; it has 0" in said
    assert str(tmp_path / "hosts.yml") in said


def test_an_inventory_with_two_collectors_is_refused(tmp_path: Path) -> None:
    said = play(tmp_path, f"monitor_collector: {{hosts: {{a: {{{HERE}}}, b: {{{HERE}}}}}}}")
    assert "must have exactly one host in the group monitor_collector; it has 2" in said


def test_an_inventory_without_agents_is_told_to_add_some(tmp_path: Path) -> None:
    said = play(tmp_path, f"monitor_collector: {{hosts: {{a: {{{HERE}}}}}}}")
    assert "has no host in the group monitor_agents" in said


def test_a_misspelt_variable_is_named(tmp_path: Path) -> None:
    said = play(tmp_path, inventory("monitor_treshold_cpu_used_ratio: 0.5"))
    assert "web-1 has variables that nothing reads: monitor_treshold_cpu_used_ratio" in said


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("monitor_interval: often", "monitor_interval"),
        ("monitor_labels: [a]", "monitor_labels"),
        ("monitor_agent_slot: red", "monitor_agent_slot"),
        ("monitor_threshold_cpu_used_ratio: high", "monitor_threshold_cpu_used_ratio"),
    ],
)
def test_a_value_of_the_wrong_type_names_its_variable(tmp_path: Path, setting: str, complaint: str) -> None:
    assert complaint in play(tmp_path, inventory(setting))


def test_an_unreachable_host_is_named_with_what_to_do_and_stops_the_others(tmp_path: Path) -> None:
    said = play(tmp_path, inventory("ansible_port: 1", here="ansible_host: 127.0.0.1"))
    assert "web-1 cannot be reached" in said
    assert "--limit '!web-1'" in said


def inventory(setting: str, here: str = HERE) -> str:
    """A collector that is this machine, and web-1 with one setting."""
    return (
        f"monitor_collector: {{hosts: {{monitor: {{{HERE}}}}}}}\n"
        f"monitor_agents: {{hosts: {{web-1: {{{here}, {setting}}}}}}}\n"
    )
