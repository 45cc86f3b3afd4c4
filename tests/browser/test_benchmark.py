"""The benchmark of the page runs to its table; what the figures are is nobody's concern here."""

from __future__ import annotations

import subprocess
import sys

from tests.templates.conftest import ROOT

LIMIT_SECONDS = 120


def test_a_short_run_prints_its_table() -> None:
    command = [sys.executable, ROOT / "benchmarks/page.py", "--quick"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert result.returncode == 0, result.stderr
    for row in (
        "collector: CPU per second for each viewer, ms",
        "page: first paint after, ms",
        "page: all rows after, ms",
    ):
        assert row in result.stdout
