"""What is done with the machines, inside of `libvirt.isolated`: `python3 -m tests.vagrant.scenario`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import machines, prerequisites
from lab.box import build
from lab.errors import LabError
from lab.progress import say, step
from lab.settings import ROOT
from tests.vagrant import libvirt

PLACE = ROOT / ".build" / "vagrant"
SSH_CONFIG = PLACE / "ssh_config"
BY_HAND = ["ansible-playbook", "-i", "inventory/vagrant"]
SERVER = "web-1"
# An emulated machine takes a second for each new connection; one that is switched off does not say goodbye.
KEPT_CONNECTIONS = "  ControlPath /run/ssh-%C\n  ServerAliveInterval 2\n  ServerAliveCountMax 3\n"
ENVIRONMENT = {
    "PATH": f"{prerequisites.VIRTUAL_ENVIRONMENT}/bin{os.pathsep}{os.environ['PATH']}",
    "VAGRANT_HOME": str(PLACE / "home"),
    "VAGRANT_DOTFILE_PATH": str(PLACE / "machines"),
    "VAGRANT_DEFAULT_PROVIDER": "libvirt",
    "VAGRANT_NO_COLOR": "1",
    "LAB_BOX": build.NAME,
    "LAB_SERVERS": "1",
    "LAB_INVENTORY": "vagrant",
    "LAB_SSH_CONFIG": str(SSH_CONFIG),
}


def main(report: Path) -> int:
    """Writes pytest's report; returns 0 only when everything went well."""
    os.environ.update(ENVIRONMENT)
    # A run that was killed has left machines that are no more.
    shutil.rmtree(PLACE, ignore_errors=True)
    try:
        with step("starting a libvirt of our own"):
            libvirt.start(PLACE / "libvirt")
        with step("adding the box"):
            box = ["--name", build.NAME, str(build.box_path()), "--provider", "libvirt"]
            call(["vagrant", "box", "add", "--force", *box])
        try:
            bring_up()
            provision_again()
            drill()
            look(report)
        finally:
            with step("vagrant destroy"):
                call(["vagrant", "destroy", "--force"])
    except LabError as error:
        say(f"bin/test vagrant: {error}")
        return 1
    return 0


def bring_up() -> None:
    """`vagrant up`, once more if a machine has not started at the first try, which emulated ones do now and then."""
    try:
        with step("vagrant up, with site.yml"):
            call(["vagrant", "up"])
    except LabError as error:
        say(f"  ! {error}; trying once more")
        with step("vagrant up again"):
            call(["vagrant", "up", "--provision"])


def provision_again() -> None:
    """One machine's part of it: Molecule's scenario does all of it twice, in less time."""
    with step(f"site.yml by hand on {SERVER}, with nothing to do"):
        changed = re.findall(r"changed=([0-9]+)", call([*BY_HAND, "site.yml", "--limit", SERVER]))
        if set(changed) != {"0"}:
            raise LabError(f"site.yml has changed something that it had done before: {', '.join(changed)} tasks")


def drill() -> None:
    with step(f"the drill on {SERVER}"):
        call([*BY_HAND, "playbooks/drill.yml", "--limit", SERVER])


def look(report: Path) -> None:
    """At what Molecule looks at on containers, and at what only machines have. Some of it rings for minutes."""
    SSH_CONFIG.write_text(machines.ssh_config() + KEPT_CONNECTIONS)
    with step("looking at the machines"):
        call(["pytest", "--quiet", "molecule/default/tests", f"--junitxml={report}"])


def call(command: Sequence[str]) -> str:
    """Runs a command and returns what it has printed, which people see too. Raises LabError when it fails."""
    say(f"$ {' '.join(command)}")
    printed = []
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    if process.returncode != 0:
        raise LabError(f"{' '.join(command)} ended with exit code {process.returncode}")
    return "".join(printed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
