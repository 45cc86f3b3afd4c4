#!/usr/bin/env python3
"""How long range queries of dashboards take: the collector against Prometheus, the same samples in both."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import script  # noqa: E402

# A week, and what the windows of its first points reach back to.
SECONDS = 7 * 86_400 + 7200
QUICK_HOSTS, QUICK_SECONDS = 3, 8 * 3600


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/query.py", description=__doc__)
    parser.add_argument("--hosts", type=int, default=24, help="how many hosts there are (default: 24)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each query is asked (default: 5)")
    parser.add_argument("--data", type=Path, help="a directory in which the samples are kept for the next run")
    parser.add_argument("--quick", action="store_true", help="once, few hosts and hours, only to see that it works")
    return script.run(__file__, parser.parse_args(), measure)


def measure(options: argparse.Namespace, directory: Path) -> str:
    from benchmarks.query_data import make
    from benchmarks.query_run import report

    if options.quick:
        return report(directory, make(directory / "data", QUICK_HOSTS, QUICK_SECONDS), rounds=1)
    data = make((options.data or directory / "data").resolve(), options.hosts, SECONDS)
    return report(directory, data, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
