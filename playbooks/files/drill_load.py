#!/usr/bin/env python3
"""Synthetic load for a fire drill: all processors, or memory up to a level, for a limited time.

    drill_load.py cpu --seconds 60
    drill_load.py memory --seconds 60 --used-ratio 0.95

Uses stress-ng where it is installed and a few lines of Python where it is not. Standard library only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import time
from pathlib import Path

PAGE_BYTES = 4096


def load_processors(seconds: int) -> None:
    """Keeps every processor busy until the time is over or the process is ended."""
    stress = shutil.which("stress-ng")
    if stress:
        os.execv(stress, [stress, "--cpu", "0", "--cpu-method", "int64", "--timeout", f"{seconds}s"])
    for _ in range((os.cpu_count() or 1) - 1):
        if os.fork() == 0:
            break
    signal.alarm(seconds)
    while True:
        pass


def load_memory(seconds: int, used_ratio: float) -> None:
    """Takes as much memory as is missing to the level, and keeps it until the time is over."""
    memory = read_memory()
    missing = missing_bytes(memory["MemTotal"], memory["MemAvailable"], used_ratio)
    stress = shutil.which("stress-ng")
    if stress:
        size = str(max(missing, PAGE_BYTES))
        os.execv(stress, [stress, "--vm", "1", "--vm-bytes", size, "--vm-keep", "--timeout", f"{seconds}s"])
    held = bytearray(missing)
    for offset in range(0, missing, PAGE_BYTES):
        held[offset] = 1  # memory counts as used once it has been written to
    time.sleep(seconds)


def missing_bytes(total: int, available: int, used_ratio: float) -> int:
    """Bytes to take so that `used_ratio` of the memory is used; 0 when it is already."""
    return max(0, int(available - total * (1 - used_ratio)))


def read_memory() -> dict[str, int]:
    """/proc/meminfo in bytes."""
    fields = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {field[0].rstrip(":"): int(field[1]) * 1024 for field in fields}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["cpu", "memory"])
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--used-ratio", type=float, default=0.95)
    options = parser.parse_args()
    if options.kind == "cpu":
        load_processors(options.seconds)
    else:
        load_memory(options.seconds, options.used_ratio)


if __name__ == "__main__":
    main()
