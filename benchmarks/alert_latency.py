#!/usr/bin/env python3
"""From a threshold crossed on the host to the webhook: ours against node_exporter, Prometheus and Alertmanager."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import script  # noqa: E402

QUICK = (1, 3)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/alert_latency.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=24, help="how often to start both sides anew (default: 24)")
    parser.add_argument("--crossings", type=int, default=12, help="alarms in each round (default: 12)")
    parser.add_argument("--quick", action="store_true", help="one round of three, only to see that it works")
    return script.run(__file__, parser.parse_args(), measure)


def measure(options: argparse.Namespace, directory: Path) -> str:
    from benchmarks.alert_latency_run import report

    rounds, crossings = QUICK if options.quick else (options.rounds, options.crossings)
    return report(directory, rounds, crossings)


if __name__ == "__main__":
    sys.exit(main())
