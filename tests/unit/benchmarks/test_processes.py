"""What is read about a process is what the kernel says."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.processes import Memory, Process, cpu_clock, parse_memory

STATUS = """\
Name:\tpython3
VmHWM:\t   20000 kB
VmRSS:\t   19000 kB
RssAnon:\t    8000 kB
RssFile:\t   11000 kB
Threads:\t3
"""


def test_memory_is_the_present_size_in_bytes() -> None:
    assert parse_memory(STATUS) == Memory(resident=19000 * 1024, anonymous=8000 * 1024)


def test_the_cpu_clock_of_a_process_is_the_one_that_the_process_itself_reads() -> None:
    before = time.process_time_ns()
    found = time.clock_gettime_ns(cpu_clock(os.getpid()))
    assert before <= found <= time.process_time_ns()


def test_a_process_ends_with_its_block(tmp_path: Path) -> None:
    with Process("sleeper", ["sleep", "600"], tmp_path) as process:
        assert process.memory().resident > 0
    with pytest.raises(BenchmarkError, match="sleeper has ended"):
        process.reading()


def run_to_its_end(process: Process) -> None:
    """Raises what `check` says about it."""
    while True:
        process.check()


def test_a_process_that_has_ended_is_told_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    told = "failing has ended with 1; its output ends with:\n  the port is taken"
    with Process("failing", command, tmp_path) as process, pytest.raises(BenchmarkError, match=told):
        run_to_its_end(process)


def test_a_process_has_only_the_environment_of_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    environment = {"OF_THE_UNIT": "1"}
    with Process("env", ["env"], tmp_path, environment) as process, pytest.raises(BenchmarkError):
        run_to_its_end(process)
    names = {line.partition("=")[0] for line in process.output().splitlines()}
    assert "OF_THE_UNIT" in names
    assert "MALLOC_ARENA_MAX" not in names
