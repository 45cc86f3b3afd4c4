"""Processes and threads by state."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.collectors import COLLECTORS
from tests.unit.agent.collectors.machine import read, write

LIMITS = {"proc/sys/kernel/threads-max": "7801\n", "proc/sys/kernel/pid_max": "4194304\n"}


def stat(name: str, state: str, threads: int) -> str:
    return (
        f"1 ({name}) {state} 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 {threads} 0 12 4096 1 18446744073709551615 1 1\n"
    )


def test_processes_and_threads_are_counted_by_state(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            **LIMITS,
            "proc/1/stat": stat("systemd", "S", 1),
            "proc/20/stat": stat("a) R (b", "S", 3),
            "proc/20/task/20/stat": stat("a) R (b", "S", 3),
            "proc/20/task/21/stat": stat("b", "D", 3),
            "proc/20/task/22/stat": stat("c\udcff", "R", 3),
            "proc/33/stat": stat("gone", "Z", 1),
            "proc/44/status": "vanished in between",
        },
    )
    assert read("processes", tmp_path) == [
        "node_processes_threads 5",
        "node_processes_max_threads 7801",
        "node_processes_pids 3",
        "node_processes_max_processes 4194304",
        'node_processes_state{state="S"} 2',
        'node_processes_state{state="Z"} 1',
        'node_processes_threads_state{thread_state="D"} 1',
        'node_processes_threads_state{thread_state="R"} 1',
        'node_processes_threads_state{thread_state="S"} 2',
        'node_processes_threads_state{thread_state="Z"} 1',
    ]


def test_a_process_that_ends_meanwhile_leaves_its_threads_uncounted(tmp_path: Path) -> None:
    write(tmp_path, {**LIMITS, "proc/20/stat": stat("x", "S", 3)})
    assert 'node_processes_threads_state{thread_state="S"} 1' in read("processes", tmp_path)


@pytest.mark.parametrize("text", ["", "1 (x", "1 (x)", "1 (x) S 1 1\n"])
def test_a_process_that_is_told_in_half_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {**LIMITS, "proc/1/stat": text})
    with pytest.raises((ValueError, IndexError)):
        read("processes", tmp_path)


def test_it_is_off_unless_asked_for() -> None:
    assert not COLLECTORS["processes"].is_on_by_default
