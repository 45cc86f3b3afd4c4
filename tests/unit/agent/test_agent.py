"""The whole program: it samples on the grid, pushes, and loses nothing when it is killed."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_agent.agent import next_tick, push_offset_seconds

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 20


@pytest.mark.parametrize(
    ("now", "interval", "tick"), [(10.2, 5, 15), (10.0, 5, 15), (14.9999999, 5, 20), (0.35, 0.1, 0.4)]
)
def test_ticks_are_multiples_of_the_interval_and_in_the_future(now: float, interval: float, tick: float) -> None:
    assert next_tick(now, interval) == pytest.approx(tick)


def test_hosts_push_at_different_moments_within_a_tenth_of_the_interval() -> None:
    offsets = [push_offset_seconds(f"web-{number}", 5) for number in range(100)]
    assert all(0 <= offset < 0.5 for offset in offsets)
    assert len(set(offsets)) == 100


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def agent(tmp_path: Path, spool: Path) -> Iterator[subprocess.Popen[str]]:
    """A real agent whose collector is not there."""
    config = tmp_path / "agent.ini"
    config.write_text(
        f"[agent]\ninstance = web-1\ninterval_seconds = 0.1\nspool_directory = {spool}\n[push]\nurl = http://127.0.0.1:1/\n"
    )
    command = [sys.executable, "-m", "monitor_agent", "run", "--config", str(config)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def wait_for_batches(spool: Path, count: int) -> list[Path]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found := sorted(spool.glob("*.gz"))) < count:
        assert time.monotonic() < deadline, f"only {len(found)} batches"
        time.sleep(0.02)
    return found


def test_samples_fall_on_the_grid_of_the_interval(agent: subprocess.Popen[str], spool: Path) -> None:
    for batch in wait_for_batches(spool, 3):
        assert int(batch.stem) % 100 == 0
        stamps = {line.rsplit(" ", 1)[1] for line in gzip.decompress(batch.read_bytes()).decode().splitlines()}
        assert stamps == {str(int(batch.stem))}


def test_every_batch_is_whole_after_kill_9(agent: subprocess.Popen[str], spool: Path) -> None:
    wait_for_batches(spool, 3)
    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()
    for batch in sorted(spool.glob("*.gz")):
        text = gzip.decompress(batch.read_bytes()).decode()
        assert 'monitor_agent_build_info{instance="web-1",job="host",version="' in text
        assert text.endswith("\n")


def test_a_stop_is_quick_and_clean(agent: subprocess.Popen[str], spool: Path) -> None:
    wait_for_batches(spool, 1)
    agent.terminate()
    assert agent.wait(PATIENCE_SECONDS) == 0
