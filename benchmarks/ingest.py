#!/usr/bin/env python3
"""What it takes to store the pushes of many hosts: ours against VictoriaMetrics, the same requests."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import script  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/ingest.py", description=__doc__)
    parser.add_argument("--hosts", type=int, default=1000, help="how many hosts push (default: 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often to measure (default: 5)")
    parser.add_argument("--pushes", type=int, default=10, help="of each host in each round (default: 10)")
    parser.add_argument("--quick", action="store_true", help="one short round of ten hosts, only to see that it works")
    return script.run(__file__, parser.parse_args(), measure)


def measure(options: argparse.Namespace, directory: Path) -> str:
    from benchmarks.ingest_run import Plan, report

    if options.quick:
        return report(directory, Plan(hosts=10, rounds=1, pushes=3))
    return report(directory, Plan(options.hosts, options.rounds, options.pushes))


if __name__ == "__main__":
    sys.exit(main())
