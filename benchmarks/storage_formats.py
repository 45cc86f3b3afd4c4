#!/usr/bin/env python3
"""Ways to write the columns of a block: how many bytes and how much CPU time each takes, for samples of real hosts.

    python3 benchmarks/storage_formats.py /var/lib/monitor-collector

Stop the collector before, so that all of its samples are in blocks. The directory is only read. What the blocks use is
marked; docs/decisions/0006-block-format.md tells why.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import script  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/storage_formats.py", description=__doc__.splitlines()[0])
    parser.add_argument("data_directory", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is done (default: 5)")
    return script.run(__file__, parser.parse_args(), measure)


def measure(options: argparse.Namespace, directory: Path) -> str:
    from benchmarks.storage_formats_run import measure_formats

    return measure_formats(options.data_directory, directory, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
