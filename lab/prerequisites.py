"""Makes sure that this machine has the programs and the Python tools that the lab needs."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lab.commands import as_root, run, succeeds
from lab.errors import LabError
from lab.progress import step
from lab.settings import ROOT

VIRTUAL_ENVIRONMENT = ROOT / ".venv"

# Debian package -> a program that shows that it is there.
PACKAGES = {
    "podman": "podman",
    "runc": "runc",
    "netavark": "/usr/lib/podman/netavark",
    "aardvark-dns": "/usr/lib/podman/aardvark-dns",
    "iptables": "iptables",
    "lxcfs": "lxcfs",
    "mmdebstrap": "mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "openssh-client": "ssh",
}


def missing_packages() -> list[str]:
    return missing_of(PACKAGES)


def missing_of(packages: Mapping[str, str]) -> list[str]:
    """Those whose proof, a path or a program, is not there."""
    return [package for package, proof in packages.items() if not _is_there(proof)]


def _is_there(proof: str) -> bool:
    search_path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return Path(proof).exists() if proof.startswith("/") else shutil.which(proof, path=search_path) is not None


def install_packages(packages: list[str]) -> None:
    """Installs Debian packages; raises LabError with the command to type when it has no right to."""
    if not packages:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if not shutil.which("apt-get"):
        raise LabError(f"the lab needs these Debian packages, and there is no apt-get here: {' '.join(packages)}")
    if os.geteuid() != 0 and not succeeds(["sudo", "-n", "true"]):
        raise LabError(
            f"not root, and sudo wants a password. Please run this, then try again:\n  sudo {' '.join(install)}"
        )
    with step(f"installing {', '.join(packages)}"):
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        quiet_install = as_root(["env", "DEBIAN_FRONTEND=noninteractive", *install])
        if not succeeds(quiet_install, environment=environment):
            run(as_root(["apt-get", "update"]))
            run(quiet_install, environment=environment)


def install_python_tools(requirements: Path) -> None:
    """Makes `.venv` and installs one hash-locked requirements file into it; nothing to do the second time."""
    stamp = VIRTUAL_ENVIRONMENT / f".{requirements.stem}.installed"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step(f"installing Python tools from {requirements.relative_to(ROOT)}"):
        python = VIRTUAL_ENVIRONMENT / "bin" / "python"
        if not succeeds([str(python), "-m", "pip", "--version"]):
            _make_virtual_environment()
        run(
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "--requirement",
                str(requirements),
            ]
        )
        stamp.write_text(wanted)


def _make_virtual_environment() -> None:
    make = [sys.executable, "-m", "venv", "--clear", str(VIRTUAL_ENVIRONMENT)]
    if not succeeds(make):
        install_packages(["python3-venv"])
        run(make)
