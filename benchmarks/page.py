#!/usr/bin/env python3
"""What it costs to look: the page with a thousand hosts in a browser, and the collector with twenty viewers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import script  # noqa: E402

QUICK = (50, 2, 3)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/page.py", description=__doc__)
    parser.add_argument("--hosts", type=int, default=1000, help="how many hosts report (default: 1000)")
    parser.add_argument("--viewers", type=int, default=20, help="how many look at the same time (default: 20)")
    parser.add_argument("--seconds", type=int, default=30, help="how long each is measured (default: 30)")
    parser.add_argument("--quick", action="store_true", help="fifty hosts and some seconds, only to see that it works")
    return script.run(__file__, parser.parse_args(), measure)


def measure(options: argparse.Namespace, directory: Path) -> str:
    from benchmarks.page_run import Plan, report

    return report(directory, Plan(*QUICK) if options.quick else Plan(options.hosts, options.viewers, options.seconds))


if __name__ == "__main__":
    sys.exit(main())
