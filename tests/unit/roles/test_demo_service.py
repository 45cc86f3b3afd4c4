"""The lab's sample workload, as a visitor meets it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "roles" / "demo_service" / "files" / "demo_service.py"
specification = importlib.util.spec_from_file_location("demo_service", SOURCE)
assert specification and specification.loader
demo_service = importlib.util.module_from_spec(specification)
specification.loader.exec_module(demo_service)


@pytest.fixture
def address() -> Iterator[str]:
    with demo_service.Server(("127.0.0.1", 0), demo_service.Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(("page", "begins"), [("/", "hello"), ("/stackless", "200010000"), ("/work", "")])
def test_every_page_answers(address: str, page: str, begins: str) -> None:
    with urllib.request.urlopen(address + page, timeout=10) as answer:
        assert answer.status == 200
        assert answer.read().decode().startswith(begins)


def test_an_unknown_page_says_which_there_are(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(address + "/nowhere", timeout=10)
    assert error.value.code == 404
    assert "/stackless" in error.value.read().decode()
    error.value.close()


def test_requests_are_counted_by_page_and_status_and_given_to_the_agent(address: str) -> None:
    def metrics() -> dict[str, float]:
        command = [sys.executable, SOURCE.with_name("demo_service_metrics.py")]
        environment = {**os.environ, "DEMO_SERVICE_METRICS": f"{address}/metrics"}
        text = subprocess.run(command, capture_output=True, check=True, text=True, env=environment).stdout
        samples = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {series: float(value) for series, value in samples}

    before = metrics()
    for page in ("/", "/", "/work"):
        urllib.request.urlopen(address + page, timeout=10).close()
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(address + "/nowhere", timeout=10)
    error.value.close()
    after = metrics()
    greetings = 'demo_requests_total{endpoint="/",code="200"}'
    assert after[greetings] == before[greetings] + 2
    assert after['demo_requests_total{endpoint="other",code="404"}'] >= 1
    seconds = 'demo_request_duration_seconds_total{endpoint="/work"}'
    assert after[seconds] > before[seconds]


def test_a_client_that_leaves_early_is_not_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    with demo_service.Server(("127.0.0.1", 0), demo_service.Handler) as server:
        for error in (BrokenPipeError(), ConnectionResetError(), ZeroDivisionError("oops")):
            try:
                raise error
            except (ConnectionError, ZeroDivisionError):
                server.handle_error(None, ("127.0.0.1", 1))
    told = capfd.readouterr().err
    assert "oops" in told
    assert "BrokenPipe" not in told and "ConnectionReset" not in told
