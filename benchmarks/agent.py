#!/usr/bin/env python3
"""Our agent against node_exporter and vmagent: memory, CPU time and bytes, pushing over TLS side by side."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv"

sys.path[0] = str(ROOT)

from benchmarks.errors import BenchmarkError  # noqa: E402

PYTHON = Path("/usr/bin/python3")  # what runs the agent on a host, whatever runs this


def main(arguments: Sequence[str]) -> int:
    """Prints the table; 1 when something did not run, whatever the figures are."""
    options = parse(arguments)
    try:
        use_the_development_tools(arguments)
        from benchmarks.agent_figures import as_json, as_table
        from benchmarks.agent_run import run

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the children are ended then too
        with tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
            report = run(
                Path(directory), options.python, options.interval, options.intervals, options.intervals_compared
            )
    except (BenchmarkError, OSError) as error:
        print(f"benchmarks/agent.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    print(json.dumps(as_json(report), indent=2) + "\n" if options.json else as_table(report), end="")
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/agent.py", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--interval", type=seconds, default=1.0, help="seconds between two samples (default: 1)")
    parser.add_argument("--intervals", type=int, default=60, help="how many intervals to measure (default: 60)")
    parser.add_argument(
        "--intervals-compared",
        type=several_seconds,
        default=(1.0, 5.0, 15.0),
        help="intervals at which to compare the CPU time, in seconds (default: 1,5,15)",
    )
    parser.add_argument("--python", type=Path, default=PYTHON, help=f"what runs the agent (default: {PYTHON})")
    return parser.parse_args(arguments)


def seconds(text: str) -> float:
    """An interval that both sides can keep; raises ValueError."""
    value = float(text)
    if not 0.1 <= value <= 60:
        raise ValueError(text)
    return value


def several_seconds(text: str) -> tuple[float, ...]:
    return tuple(map(seconds, text.split(",")))


def use_the_development_tools(arguments: Sequence[str]) -> None:
    """Goes on in the virtual environment where the tools are; raises BenchmarkError when there is none."""
    python = TOOLS / "bin" / "python"
    if Path(sys.prefix) == TOOLS:
        return
    if not python.exists():
        raise BenchmarkError("the tools in requirements/development.txt are missing: `bin/test unit` installs them")
    os.execv(python, [python, __file__, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
