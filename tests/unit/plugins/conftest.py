"""Runs the project's Ansible modules as Ansible does on a host: a program with JSON arguments that prints JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]

RunModule = Callable[..., dict[str, Any]]

# Ansible packs a module with what it imports; here the project's module_utils are put where it looks for them.
RUN = """
import runpy, sys, ansible.module_utils
ansible.module_utils.__path__.append(sys.argv.pop(1))
sys.argv = sys.argv[1:]
from ansible.module_utils.testing import patch_module_args
import json
with patch_module_args(json.loads(sys.argv[1])):
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def run_module() -> RunModule:
    """`run_module("promql", url=…, query=…)` gives what the module returned, `failed` included."""

    def run(name: str, **arguments: Any) -> dict[str, Any]:
        module = ROOT / "plugins" / "modules" / f"{name}.py"
        command = [
            sys.executable,
            "-c",
            RUN,
            str(ROOT / "plugins" / "module_utils"),
            str(module),
            json.dumps(arguments),
        ]
        result = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False
        )
        assert result.stdout, result.stderr
        return json.loads(result.stdout)

    return run
