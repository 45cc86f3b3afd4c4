#!/usr/bin/env python3
"""Measures bytes per sample on disk: the samples of a collector's data directory in our blocks, in VictoriaMetrics and
in Prometheus.

    python3 benchmarks/storage.py /var/lib/monitor-collector

Stop the collector before, so that all of its samples are in blocks; or make a recording with storage_record.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import script


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_directory", type=Path)
    return script.run(__file__, parser.parse_args(), measure)


def measure(options: argparse.Namespace, directory: Path) -> str:
    from benchmarks.storage_run import measure_storage

    return measure_storage(options.data_directory, directory)


if __name__ == "__main__":
    sys.exit(main())
