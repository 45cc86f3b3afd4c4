"""Finds the programs that ours are compared with: on the PATH, else in Debian's package, which is unpacked only.

Nothing is installed, so that no service starts and nobody need be root. What was fetched stays in `.build/peers/`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PEERS = Path(__file__).resolve().parent.parent / ".build" / "peers"

# Debian's package of each program.
PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "promtool": "prometheus",
    "siege": "siege",
    "victoria-metrics": "victoria-metrics",
    "vmagent": "victoria-metrics",
}


class PeerMissing(Exception):
    """The program is not installed and apt could not fetch it; says what apt said."""


def peer(program: str) -> Path:
    """The program's path, for a test that needs it. Skips the test where there is no apt-get, as only Debian and what
    descends from it can be asked for a package; fails it where apt-get cannot fetch one."""
    if not shutil.which(program) and not shutil.which("apt-get"):
        pytest.skip(f"needs {program}; Debian's package {PACKAGES[program]} has it")
    try:
        return find(program)
    except PeerMissing as error:
        pytest.fail(str(error))


def find(program: str) -> Path:
    """The program's path, fetched if it must be. Raises PeerMissing."""
    if installed := shutil.which(program):
        return Path(installed)
    package = PACKAGES[program]
    unpacked = PEERS / package / "usr" / "bin" / program
    if not unpacked.exists():
        _fetch(package)
    return unpacked


def _fetch(package: str) -> None:
    """Unpacks the package to PEERS/package. Raises PeerMissing."""
    PEERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PEERS) as temporary:
        work = Path(temporary)
        try:
            _run(["apt-get", "download", package], work)
        except PeerMissing:  # this machine's package lists are empty or too old
            lists = _private_lists(work)
            _run(["apt-get", *lists, "update"], work)
            _run(["apt-get", *lists, "download", package], work)
        (archive,) = work.glob("*.deb")
        _run(["dpkg-deb", "--extract", str(archive), "unpacked"], work)
        try:
            (work / "unpacked").rename(PEERS / package)
        except OSError:
            if not (PEERS / package).is_dir():  # else somebody was faster
                raise


def _private_lists(work: Path) -> list[str]:
    """Options that make apt-get keep its package lists where anybody may write."""
    (work / "lists" / "partial").mkdir(parents=True)
    (work / "cache" / "archives" / "partial").mkdir(parents=True)
    return [
        f"--option=Dir::State::Lists={work / 'lists'}",
        f"--option=Dir::Cache={work / 'cache'}",
        "--option=APT::Sandbox::User=root",
    ]


def _run(command: list[str], directory: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    result = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise PeerMissing(f"{' '.join(command)} failed:\n{result.stdout}{result.stderr}")
