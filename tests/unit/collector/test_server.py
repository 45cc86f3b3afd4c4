"""The collector as a process: end to end, killed, stopped, reloaded."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from monitor_collector.cli import main
from monitor_collector.config import read_settings
from monitor_collector.server import listen
from tests.unit.collector.webhooks import PATIENCE_SECONDS, Listener, wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A real collector on a free port; `start` may be called again after `kill` or `stop`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None
        (directory / "rules.d").mkdir()
        self.write(
            "collector",
            listen=f"127.0.0.1:{self.port}",
            external_url=self.url,
            data_directory=str(directory / "data"),
            evaluation_interval_seconds=0.2,
        )

    def write(self, name: str, **content: Any) -> None:
        (self.directory / f"{name}.yml").write_text(yaml.safe_dump(content))

    def start(self, **environment: str) -> None:
        log = (self.directory / "log").open("w")
        command = [sys.executable, "-m", "monitor_collector", "run", "--config-directory", str(self.directory)]
        self.process = subprocess.Popen(command, stderr=log, text=True, env={**os.environ, **environment})
        log.close()
        wait_for(self.is_ready, "the collector to be ready")

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return httpx.get(f"{self.url}/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def log(self) -> str:
        return (self.directory / "log").read_text()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(PATIENCE_SECONDS)

    def push(self, text: str) -> None:
        answer = httpx.post(
            f"{self.url}/api/v1/import/prometheus",
            content=gzip.compress(text.encode()),
            headers={"Content-Encoding": "gzip"},
        )
        assert answer.status_code == 204

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["result"]

    def alert_states(self) -> list[str]:
        alerts = httpx.get(f"{self.url}/api/v1/alerts").json()["data"]["alerts"]
        return [alert["state"] for alert in alerts if alert["labels"]["alertname"] == "High"]


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Process]:
    collector = Process(tmp_path)
    yield collector
    if collector.process is not None:
        collector.process.kill()
        collector.process.wait()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_crossed_level_becomes_pending_fires_is_heard_and_is_resolved(collector: Process, listener: Listener) -> None:
    rule = {
        "alert": "High",
        "expr": 'load > on (instance) group_left () monitor_threshold{name="load"}',
        "for": "600ms",
        "annotations": {"summary": "{{ $labels.instance }} has {{ $value }}"},
    }
    collector.write("targets", targets=[{"instance": "web-1", "interval_seconds": 60, "labels": {"env": "lab"}}])
    collector.write("thresholds", thresholds={"web-1": {"load": 2}})
    collector.write("receivers", receivers=[{"name": "team", "webhook": {"url": listener.url}}])
    collector.write("rules.d/rules", groups=[{"name": "g", "rules": [rule]}])
    collector.start()
    collector.push(f'load{{instance="web-1",env="lab"}} 1 {now_ms()}\n')
    wait_for(lambda: collector.query('up{instance="web-1",env="lab"} == 1'), "the host to be up")
    assert collector.alert_states() == []

    collector.push(f'load{{instance="web-1",env="lab"}} 3 {now_ms()}\n')
    wait_for(lambda: collector.alert_states() == ["pending"], "the alert to be pending")
    wait_for(lambda: collector.alert_states() == ["firing"], "the alert to fire")
    wait_for(lambda: listener.alerts("High") == ["firing"], "the alarm to be heard")
    (alert,) = listener.messages[0]["alerts"]
    assert alert["labels"] == {"alertname": "High", "env": "lab", "instance": "web-1"}
    assert alert["annotations"] == {"summary": "web-1 has 3"}
    assert listener.messages[0]["externalURL"] == collector.url

    collector.push(f'load{{instance="web-1",env="lab"}} 1 {now_ms()}\n')
    wait_for(lambda: listener.alerts("High") == ["firing", "resolved"], "the end of the alarm to be heard")
    assert collector.alert_states() == []
    assert "secret-path" not in collector.log()


def test_an_alarm_survives_a_killed_collector_and_its_end_is_told(collector: Process, listener: Listener) -> None:
    collector.write("receivers", receivers=[{"name": "team", "webhook": {"url": listener.url}}])
    collector.write("rules.d/rules", groups=[{"name": "g", "rules": [{"alert": "High", "expr": "load > 2"}]}])
    collector.start()
    collector.push(f"load 3 {now_ms()}\n")
    wait_for(lambda: listener.alerts("High") == ["firing"], "the alarm to be heard")
    collector.signal(signal.SIGKILL)
    collector.wait()
    collector.start()
    assert collector.alert_states() == ["firing"]
    collector.push(f"load 1 {now_ms()}\n")
    wait_for(lambda: listener.alerts("High")[-1] == "resolved", "the end of the alarm to be heard")
    *before, last = listener.alerts("High")
    assert set(before) == {"firing"}, "once, or again where it was killed before it had noted that it was heard"
    assert last == "resolved"


def test_every_acknowledged_batch_survives_a_killed_collector(collector: Process) -> None:
    """Several hosts push as fast as they can while the collector is killed in the middle, twice."""
    began_ms = now_ms()
    acknowledged: dict[int, int] = {}

    def push_until_it_dies(host: int, first: int) -> None:
        with httpx.Client() as client:
            for number in range(first, first + 10**6):
                text = "".join(f'metric_{i}{{instance="{host}"}} {number} {began_ms + number}\n' for i in range(50))
                try:
                    answer = client.post(f"{collector.url}/api/v1/import/prometheus", content=text.encode())
                except httpx.TransportError:
                    return
                assert answer.status_code == 204
                acknowledged[host] = number

    for _ in range(2):
        collector.start()
        pushing = [
            threading.Thread(target=push_until_it_dies, args=(host, acknowledged.get(host, -1) + 1), daemon=True)
            for host in range(4)
        ]
        enough = sum(acknowledged.values()) + 200
        for thread in pushing:
            thread.start()
        wait_for(lambda enough=enough: sum(acknowledged.values()) > enough, "batches to be acknowledged")
        collector.signal(signal.SIGKILL)
        collector.wait()
        for thread in pushing:
            thread.join()

    collector.start()
    for host, last in acknowledged.items():
        for name in ("metric_0", "metric_49"):
            (series,) = collector.query(f'{name}{{instance="{host}"}}[1h]')
            values = [int(value) for _, value in series["values"]]
            assert values[: last + 1] == list(range(last + 1))
            # One more may be there: it was on disk when the collector died before it could say so.
            assert len(values) <= last + 2


def test_a_collector_that_is_told_to_stop_says_so_and_ends_well(collector: Process, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(PATIENCE_SECONDS)
        collector.start(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert channel.recv(100) == b"READY=1"
        assert channel.recv(100) == b"WATCHDOG=1"
        collector.push(f"a 1 {now_ms()}\n")
        collector.signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (state := channel.recv(100)) == b"WATCHDOG=1":
            assert time.monotonic() < deadline, collector.log()
        assert state == b"STOPPING=1"
    assert collector.wait() == 0
    assert collector.log().endswith("<6>monitor-collector has stopped\n")
    collector.start()
    assert len(collector.query("a")) == 1


def test_sighup_loads_the_configuration_again_and_a_bad_one_changes_nothing(collector: Process) -> None:
    collector.write("thresholds", thresholds={"web-1": {"load": 1}})
    collector.start()
    collector.write("thresholds", thresholds={"web-1": {"load": "high"}})
    collector.signal(signal.SIGHUP)
    wait_for(lambda: "'high' is no number" in collector.log(), "the mistake to be told")
    assert wait_for(lambda: collector.query("monitor_threshold"), "thresholds")[0]["value"][1] == "1"
    collector.write("thresholds", thresholds={"web-1": {"load": 2}})
    collector.signal(signal.SIGHUP)
    wait_for(lambda: collector.query("monitor_threshold == 2"), "the new threshold")


def test_a_port_in_use_ends_the_program_with_a_line_that_names_it_and_the_setting(collector: Process) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", collector.port))
        other.listen()
        command = [sys.executable, "-m", "monitor_collector", "run", "--config-directory", str(collector.directory)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"127.0.0.1:{collector.port}: Address already in use" in line
    assert "change listen in collector.yml" in line


def test_a_damaged_state_ends_the_program_with_a_line_that_names_it_and_what_goes_on_without_it(
    collector: Process,
) -> None:
    data = collector.directory / "data"
    data.mkdir()
    (data / "state.sqlite").write_bytes(b"something else entirely " * 1000)
    command = [sys.executable, "-m", "monitor_collector", "run", "--config-directory", str(collector.directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"{data / 'state.sqlite'} is damaged" in line
    assert "the states of alerts, silences, and messages that wait are lost" in line
    advice = f"monitor-collector storage check --set-aside --data-directory {data}"
    assert line.endswith(advice)
    assert main(advice.split()[1:]) == 0
    collector.start()


def test_pushes_and_queries_go_over_tls_when_a_certificate_is_configured(collector: Process, tmp_path: Path) -> None:
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    settings = yaml.safe_load((tmp_path / "collector.yml").read_text())
    tls = {"certificate_file": str(tmp_path / "certificate.pem"), "key_file": str(tmp_path / "key.pem")}
    collector.write("collector", **settings, tls=tls)
    collector.url = collector.url.replace("http:", "https:")
    command = [sys.executable, "-m", "monitor_collector", "run", "--config-directory", str(collector.directory)]
    collector.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True)
    context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))

    def is_ready() -> bool:
        try:
            return httpx.get(f"{collector.url}/-/ready", verify=context).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(is_ready, "the collector to be ready")
    path = f"{collector.url}/api/v1/import/prometheus"
    assert httpx.post(path, content=b"a 1\n", verify=context).status_code == 204


def test_answers_do_not_wait_for_the_clients_acknowledgement(tmp_path: Path) -> None:
    (tmp_path / "collector.yml").write_text("listen: 127.0.0.1:0\nexternal_url: http://127.0.0.1\n")
    with listen(read_settings(tmp_path / "collector.yml")) as listener:
        # asyncio switches Nagle's algorithm off for what says that it is TCP.
        assert listener.proto == socket.IPPROTO_TCP
