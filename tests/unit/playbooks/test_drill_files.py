"""The drill's ear and its load."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

FILES = Path(__file__).resolve().parents[3] / "playbooks" / "files"
STARTS, ENDS = "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:05:05+00:00"


def load(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, FILES / f"{name}.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "received.jsonl"


@pytest.fixture
def listener(log: Path) -> Iterator[str]:
    """A real listener on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        FILES / "drill_listener.py",
        "listen",
        "--log",
        log,
        "--port",
        str(port),
        "--seconds",
        "60",
    ]
    process = subprocess.Popen([str(part) for part in command])
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/"
    process.kill()
    process.wait()


def post(url: str, status: str, instance: str = "web-1") -> int:
    alert = {
        "status": status,
        "labels": {"alertname": "HostCpuHigh", "instance": instance},
        "startsAt": STARTS,
        "endsAt": ENDS,
    }
    request = urllib.request.Request(url, json.dumps({"version": "4", "alerts": [alert]}).encode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.status


def wait_for(log: Path, status: str, instance: str, timeout: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, FILES / "drill_listener.py", "wait", "--log", log, "--alertname", "HostCpuHigh"]
    command += ["--instance", instance, "--status", status, "--timeout", timeout]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def test_an_alert_that_was_posted_is_heard_with_its_times(listener: str, log: Path) -> None:
    assert post(listener, "firing") == 204
    heard = json.loads(wait_for(log, "firing", "web-1", "10").stdout)
    assert heard["starts"] == pytest.approx(1767323045.123456)
    assert heard["ends"] is None
    assert post(listener, "resolved") == 204
    assert json.loads(wait_for(log, "resolved", "web-1", "10").stdout)["ends"] == 1767323105.0


def test_another_hosts_alert_is_not_taken_for_the_one_expected(listener: str, log: Path) -> None:
    post(listener, "firing", instance="web-2")
    result = wait_for(log, "firing", "web-1", "0")
    assert result.returncode == 1
    assert result.stderr == "HostCpuHigh for web-1 was not heard as firing\n"


def test_what_is_no_webhook_is_refused(listener: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(listener, b"[]"), timeout=5)
    assert error.value.code == 400
    error.value.close()


@pytest.mark.parametrize(("available", "used_ratio", "missing"), [(1000, 0.9, 900), (300, 0.9, 200), (50, 0.9, 0)])
def test_memory_is_taken_up_to_the_level_and_never_beyond(available: int, used_ratio: float, missing: int) -> None:
    assert load("drill_load").missing_bytes(1000, available, used_ratio) == pytest.approx(missing, abs=1)
