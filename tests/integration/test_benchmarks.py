"""Each benchmark runs to its table; what the figures are is nobody's concern here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import peer

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT_SECONDS = 300


@pytest.mark.parametrize(
    ("script", "programs", "rows"),
    [
        (
            "alert_latency.py",
            ("prometheus-node-exporter", "prometheus", "prometheus-alertmanager"),
            ("p50 of all, s", "CPU per second, all processes, ms"),
        ),
        (
            "rule_evaluation.py",
            ("prometheus",),
            ("CPU per second with the rules, ms", "evaluations of all per second"),
        ),
        ("ingest.py", ("victoria-metrics",), ("CPU time per sample, ns", "samples per CPU second, M", "RSS, MB")),
        ("query.py", ("prometheus",), ("6 h: load, ms", "7 d: all, ms")),
    ],
)
def test_a_short_run_prints_its_table(script: str, programs: tuple[str, ...], rows: tuple[str, ...]) -> None:
    for program in programs:
        peer(program)
    command = [sys.executable, ROOT / "benchmarks" / script, "--quick"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    for row in rows:
        (line,) = (line for line in lines if line.startswith(row))
        ours, theirs = line.removeprefix(row).split()[:2]
        assert float(ours) >= 0 and float(theirs) >= 0


def test_the_benchmark_of_storage_prints_its_table_for_a_collectors_directory(tmp_path: Path) -> None:
    for program in ("victoria-metrics", "promtool"):
        peer(program)
    (tmp_path / "blocks").mkdir()
    lines = [
        f'load{{instance="web-{n}"}} {n * second} {1_700_000_000_000 + second * 5000}\n'
        for n in (1, 2)
        for second in range(720)
    ]
    imported = [sys.executable, "-m", "monitor_collector", "storage", "import", "-", "--data-directory", tmp_path]
    subprocess.run(imported, cwd=ROOT, input="".join(lines), text=True, check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, ROOT / "benchmarks" / "storage.py", tmp_path]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert result.returncode == 0, result.stderr
    assert "1440 samples of 2 series over 1.0 hours" in result.stdout
    assert "bytes per sample, with index" in result.stdout
