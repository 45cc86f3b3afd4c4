"""`playbooks/load.yml`, run as at a terminal, and the figures that it prints."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Ansible reaches the host before the load begins, and has some to tell afterwards.
PATIENCE_SECONDS = 120


class Load:
    """A load that has been run. Its figures are by the words that the playbook has for them: "response time"."""

    def __init__(self) -> None:
        self.output = ""

    def figure(self, name: str) -> float:
        found = re.search(rf"{name} +([\d.]+)", self.output)
        assert found, self.output
        return float(found[1])


@contextmanager
def load(host: str, seconds: int, clients: int, endpoint: str = "/work") -> Iterator[Load]:
    """Begins with the block, and is over and has its figures after it; where the block fails, it is waited for too.

    The host is one of the container lab that the environment's LAB_NAME says.
    """
    options = {"endpoint": endpoint, "duration": f"{seconds}s", "concurrency": str(clients)}
    command = ["ansible-playbook", "--inventory=inventory/lab", "playbooks/load.yml", f"--limit={host}"]
    command += [f"--extra-vars={name}={value}" for name, value in options.items()]
    run = Load()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield run
        finally:
            run.output, _ = process.communicate(timeout=seconds + PATIENCE_SECONDS)
    assert process.returncode == 0, run.output
