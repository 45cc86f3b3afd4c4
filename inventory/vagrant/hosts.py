#!/usr/bin/env python3
"""The machines that Vagrant has made, running or not, as an inventory for Ansible, in the groups of the container lab.

Vagrant itself is not asked, as it takes seconds to answer: what it keeps of each machine is in `.vagrant/machines`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT))

from lab import machines  # noqa: E402 - found only now
from lab.errors import LabError  # noqa: E402


def inventory() -> dict[str, Any]:
    """As `ansible-inventory --list` has it. Raises LabError."""
    made = machines.made()
    variables = {
        machine.name: {"ansible_host": machine.address, "ansible_ssh_private_key_file": str(machine.key)}
        for machine in made
    }
    servers = [machine.name for machine in made if machine.name != machines.MONITOR]
    return {
        "all": {"vars": {"lab_slowness": machines.slowness()}},
        "monitor_collector": {"hosts": [name for name in variables if name == machines.MONITOR]},
        "demo_service": {"hosts": servers},
        "monitor_agents": {"hosts": list(variables)},
        "_meta": {"hostvars": variables},
    }


if __name__ == "__main__":
    try:
        print(json.dumps(inventory(), indent=2))
    except LabError as error:
        sys.exit(str(error))
