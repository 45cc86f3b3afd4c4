"""The machine that a benchmark runs on, and the programs of others that it needs there."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import BenchmarkError
from tests import peers


class Machine(NamedTuple):
    date: str
    hardware: str
    system: str
    programs: str


def describe_machine(programs: str) -> Machine:
    """`programs` says which versions were compared."""
    memory_kib = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return Machine(
        time.strftime("%Y-%m-%d"),
        f"{len(os.sched_getaffinity(0))} processors, {memory_kib / 2**20:.0f} GiB",
        f"{system}, Linux {platform.release()}",
        programs,
    )


def find_peer(program: str) -> Path:
    """Its path, from the PATH or from Debian's package. Raises BenchmarkError where there is neither."""
    try:
        return peers.find(program)
    except peers.PeerMissing as error:
        raise BenchmarkError(f"{program} is not installed, and its package cannot be fetched: {error}") from None


def output_of(command: Sequence[str | Path]) -> str:
    """What a program says, be it to stdout or to stderr."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return result.stdout.strip()


def version_of(program: Path) -> str:
    """Of a program that answers `--version` as Prometheus and its relatives do: name, "version", the version."""
    return output_of([program, "--version"]).split()[2].removesuffix("+ds")
