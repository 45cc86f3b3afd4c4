"""What all benchmarks do when they are started: find their tools, clean up behind themselves, tell errors plainly."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.errors import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv"


def run(file: str, options: argparse.Namespace, measure: Callable[[argparse.Namespace, Path], str]) -> int:
    """Prints what `measure` gives, which has a directory for the time of the run; 1 when something did not run,
    whatever the figures are. Goes on in the virtual environment where the tools are, so a benchmark imports what needs
    them in `measure` only."""
    try:
        use_the_development_tools(file)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the children are ended then too
        with tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
            print(measure(options, Path(directory)), end="")
    except (BenchmarkError, OSError) as error:
        print(f"benchmarks/{Path(file).name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return 0


def use_the_development_tools(file: str) -> None:
    """Raises BenchmarkError when there are none."""
    python = TOOLS / "bin" / "python"
    if Path(sys.prefix) == TOOLS:
        return
    if not python.exists():
        raise BenchmarkError("the tools in requirements/development.txt are missing: `bin/test unit` installs them")
    os.execv(python, [python, file, *sys.argv[1:]])
