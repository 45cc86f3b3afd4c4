"""Renders the roles' templates as Ansible would for a host of an inventory; an undefined variable is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

ROOT = Path(__file__).resolve().parents[2]
FACTS = {
    "python": {"executable": "/usr/bin/python3", "version_info": [3, 11, 2]},
    "service_mgr": "systemd",
    "architecture": "x86_64",
}

Render = Callable[..., str]


@pytest.fixture(scope="session", autouse=True)
def ansible_plugins() -> None:
    init_plugin_loader([])


@pytest.fixture
def render() -> Render:
    """`render("monitor_agent", "agent.ini.j2", host="web-1", inventory=…, **variables)`; the lab is the default."""

    def render_template(
        role: str, template: str, host: str, inventory: Path = ROOT / "inventory/lab", **variables: Any
    ) -> str:
        path = ROOT / "roles" / role / "templates" / template
        return evaluate(f"{{{{ lookup('ansible.builtin.template', '{path}') }}}}", role, host, inventory, variables)

    return render_template


def evaluate(text: str, role: str, host: str, inventory: Path, variables: Mapping[str, Any]) -> Any:
    loader = DataLoader()
    loader.set_basedir(str(ROOT))
    manager = InventoryManager(loader=loader, sources=[str(inventory)])
    variable_manager = VariableManager(loader=loader, inventory=manager)
    play = Play().load({"hosts": host, "roles": [role]}, variable_manager=variable_manager, loader=loader)
    HostVars(manager, variable_manager, loader)  # makes itself known to the variable manager
    known = variable_manager.get_vars(play=play, host=manager.get_host(host))
    build = {"release": "0.1.0+0123456789ab"}
    known |= {"ansible_facts": FACTS, "_monitor_agent_build": build, "_monitor_collector_build": build, **variables}
    return Templar(loader=loader, variables=known).template(trust_as_template(text))
