"""Scripts of the inventory on this machine, in directories of the test: put there, moved, removed, and no others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "#!/bin/sh\necho own 1\n"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the scripts to root")


def play(directory: Path, tasks: str, scripts: list[dict[str, Any]], *arguments: str) -> tuple[int, str]:
    """The exit code of the tasks of the role, and what they say in one line."""
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"monitor_collector": {"hosts": {"here": here}}, "monitor_agents": {"hosts": {"here": {}}}}
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory))
    role = {"name": str(ROOT / "roles/monitor_agent"), "tasks_from": tasks}
    book = [{"hosts": "here", "gather_facts": False, "tasks": [{"ansible.builtin.include_role": role}]}]
    (directory / "play.yml").write_text(yaml.safe_dump(book))
    variables = {
        "monitor_agent_scripts": scripts,
        "_monitor_agent_is_rehearsal": False,
        "_monitor_agent_scripts_directory": str(directory / "scripts.d"),
        "_monitor_agent_scripts_list": str(directory / "scripts.installed"),
    }
    command = [Path(sys.executable).parent / "ansible-playbook", "--inventory", directory / "hosts.yml", *arguments]
    command += ["--extra-vars", json.dumps(variables), directory / "play.yml"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "COLUMNS": "10000"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, " ".join(result.stdout.split() + result.stderr.split())


def install(directory: Path, *scripts: dict[str, Any]) -> int:
    """How many tasks have changed something."""
    code, said = play(directory, "scripts", list(scripts))
    assert code == 0, said
    changed = re.search(r"changed=(\d+)", said)
    assert changed
    return int(changed[1])


def files(directory: Path) -> dict[str, str]:
    found = (directory / "scripts.d").rglob("*")
    return {str(path.relative_to(directory / "scripts.d")): path.read_text() for path in found if path.is_file()}


def test_scripts_are_installed_moved_and_removed_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "queue").write_text(SCRIPT)
    queue, backup = {"name": "queue", "src": str(tmp_path / "queue")}, {"name": "backup", "content": SCRIPT}
    assert install(tmp_path, queue, {**backup, "interval": 5}) > 0
    assert files(tmp_path) == {"60/queue": SCRIPT, "5/backup": SCRIPT}
    assert (tmp_path / "scripts.d/60/queue").stat().st_mode & 0o777 == 0o755
    assert install(tmp_path, queue, {**backup, "interval": 5}) == 0

    (tmp_path / "scripts.d/5/by-hand").write_text(SCRIPT)
    install(tmp_path, {**backup, "interval": 7})
    assert files(tmp_path) == {"5/by-hand": SCRIPT, "7/backup": SCRIPT}
    install(tmp_path)
    assert files(tmp_path) == {"5/by-hand": SCRIPT}
    assert install(tmp_path) == 0


def test_a_script_that_a_killed_play_has_left_is_removed_by_a_later_one(tmp_path: Path) -> None:
    gone = {"name": "broken", "src": str(tmp_path / "is not there")}
    code, _ = play(tmp_path, "scripts", [{"name": "first", "content": SCRIPT}, gone])
    assert code != 0
    assert files(tmp_path) == {"60/first": SCRIPT}
    install(tmp_path)
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../../up", "content": SCRIPT},
        {"name": "a/b", "content": SCRIPT},
        {"name": ".hidden", "content": SCRIPT},
        {"name": "left~", "content": SCRIPT},
        {"name": "never", "content": SCRIPT, "interval": 0},
        {"name": "nothing"},
        {"name": "both", "src": "/etc/hostname", "content": SCRIPT},
    ],
    ids=lambda wrong: wrong["name"],
)
def test_a_script_that_would_not_work_is_refused_before_anything_is_changed(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    code, said = play(tmp_path, "preflight", [wrong])
    assert code != 0
    assert "monitor_agent_scripts has" in said
    assert "for example {name: queue, src: files/queue.sh, interval: 5}" in said
