"""Fills the disk under a running collector, and frees it again."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.collector_process import CollectorProcess
from tests.unit.collector.webhooks import Listener, wait_for

DISK_BYTES = 200 * 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system to fill")
    directory = tmp_path / "collector" / "data"
    directory.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", directory], check=True)
    yield directory
    subprocess.run(["umount", "--lazy", directory], check=True)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def collector(tmp_path: Path, disk: Path, listener: Listener) -> Iterator[CollectorProcess]:
    rules = [
        {"alert": "High", "expr": "level > 0"},
        {"alert": "HostDown", "expr": 'up{job="host"} == 0'},
        {"alert": "DiskFull", "expr": "monitor_storage_free_bytes < 100e6"},
    ]
    files = {
        "targets": {"targets": [{"instance": "web-1", "interval_seconds": 1}]},
        "receivers": {"receivers": [{"name": "team", "webhook": {"url": listener.url}}]},
        "rules.d/rules": {"groups": [{"name": "all", "rules": rules}]},
        "collector": {"evaluation_interval_seconds": 0.2},
    }
    process = CollectorProcess(tmp_path / "collector", files)
    process.start()
    process.wait_until_ready()
    yield process
    process.close()


def fill(directory: Path) -> Path:
    """A file that takes all the room there is."""
    path = directory / "somebody else's file"
    with path.open("wb") as file:
        piece = bytes(1024 * 1024)
        try:
            while True:
                file.write(piece)
                file.flush()
        except OSError:
            pass
    return path


class Host(threading.Thread):
    """Pushes its level every 0.2 s, and keeps what was not acknowledged for later, as the agent does."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.level = 0
        self.sent: list[tuple[int, int]] = []
        self.backlog: list[tuple[int, int]] = []
        self.answers: list[httpx.Response] = []
        self._url = url
        self._is_done = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=10) as client:
            while not self._is_done.wait(0.2):
                self.backlog.append((time.time_ns() // 1_000_000, self.level))
                self.sent.append(self.backlog[-1])
                # The newest first, since alarms are about it.
                while self.backlog and self._is_acknowledged(client, *self.backlog[-1]):
                    self.backlog.pop()

    def _is_acknowledged(self, client: httpx.Client, at_ms: int, level: int) -> bool:
        body = f'level{{instance="web-1"}} {level} {at_ms}\n'
        self.answers.append(client.post("/api/v1/import/prometheus", content=body))
        return self.answers[-1].status_code == 204

    def stop(self) -> None:
        self._is_done.set()
        self.join()


@pytest.fixture
def host(collector: CollectorProcess) -> Iterator[Host]:
    host = Host(collector.url)
    host.start()
    yield host
    host.stop()


def test_alarms_go_on_while_the_disk_is_full_and_nothing_is_acknowledged_until_there_is_room(
    collector: CollectorProcess, disk: Path, listener: Listener, host: Host
) -> None:
    wait_for((disk / "reserve").exists, "the room that is kept for alarms")
    wait_for(lambda: host.answers, "the first push")
    assert host.answers[0].status_code == 204
    filling = fill(disk)
    wait_for(lambda: listener.alerts("DiskFull") == ["firing"], "the alarm about the disk")
    wait_for(lambda: host.backlog, "a push that is not acknowledged")
    refused = host.answers[-1]
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert "No space left on device" in refused.text
    host.level = 1
    wait_for(lambda: listener.alerts("High") == ["firing"], "an alarm about what was pushed to a full disk")
    host.level = 0
    wait_for(lambda: listener.alerts("High") == ["firing", "resolved"], "its end")

    filling.unlink()
    wait_for(lambda: listener.alerts("DiskFull") == ["firing", "resolved"], "the end of the alarm about the disk")
    wait_for(lambda: not host.backlog, "everything to be acknowledged")
    host.stop()
    assert listener.alerts("HostDown") == [], "a host whose pushes are refused is not down"
    assert {answer.status_code for answer in host.answers} == {204, 503}
    collector.kill()
    collector.start()
    collector.wait_until_ready()
    (series,) = collector.query("level[10m]")
    assert [(round(at * 1000), int(value)) for at, value in series["values"]] == host.sent
