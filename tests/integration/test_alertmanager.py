"""With the real Alertmanager 0.25: it receives alerts from the collector; its `amtool` silences alarms here."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from benchmarks.prometheus_process import alertmanager as alertmanager_process
from monitor_collector.metrics import Metrics
from monitor_collector.notifications.api import NotificationsApi
from monitor_collector.notifications.configuration import read_policy
from monitor_collector.notifications.payload import fingerprint
from monitor_collector.notifications.service import Notifications
from monitor_collector.rules import Alert
from monitor_collector.state import Event, StateDatabase
from tests.integration.collector_process import CollectorProcess
from tests.peers import peer
from tests.unit.collector.webhooks import Listener, wait_for

RULE = {"alert": "High", "expr": "load > 2", "annotations": {"summary": "busy"}}


def system_time_ms() -> int:
    return time.time_ns() // 1_000_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def listener() -> Iterator[Listener]:
    """What Alertmanager sends to in turn."""
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def alertmanager(tmp_path: Path, listener: Listener) -> Iterator[str]:
    """The address of a running Alertmanager."""
    peer("prometheus-alertmanager")
    route = {"receiver": "team", "group_wait": "0s", "group_interval": "1s"}
    configuration = {"route": route, "receivers": [{"name": "team", "webhook_configs": [{"url": listener.url}]}]}
    port = free_port()
    with alertmanager_process(port, configuration, tmp_path):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], CollectorProcess]]:
    started: list[CollectorProcess] = []

    def start_for(alertmanager: str) -> CollectorProcess:
        receivers = [{"name": "manager", "alertmanager": {"url": alertmanager}}]
        files = {
            "receivers": {"receivers": receivers},
            "rules.d/rules": {"groups": [{"name": "g", "rules": [RULE]}]},
            "collector": {"evaluation_interval_seconds": 0.2},
        }
        collector = CollectorProcess(tmp_path / "collector", files)
        started.append(collector)
        collector.start()
        collector.wait_until_ready()
        return collector

    yield start_for
    for collector in started:
        collector.close()


def push(collector: CollectorProcess, load: int) -> None:
    text = f'load{{instance="web-1"}} {load} {time.time_ns() // 1_000_000}\n'
    assert httpx.post(f"{collector.url}/api/v1/import/prometheus", content=text).status_code == 204


def test_alertmanager_shows_an_alert_while_it_fires_and_tells_when_it_ends(
    alertmanager: str, listener: Listener, start: Callable[[str], CollectorProcess]
) -> None:
    collector = start(alertmanager)

    def shown() -> list[dict[str, Any]]:
        return httpx.get(f"{alertmanager}/api/v2/alerts").json()

    push(collector, 3)
    (alert,) = wait_for(shown, "the alert to be shown")
    assert alert["labels"] == {"alertname": "High", "instance": "web-1"}
    assert alert["annotations"] == {"summary": "busy"}
    assert alert["fingerprint"] == fingerprint(tuple(sorted(alert["labels"].items())))
    assert alert["generatorURL"].startswith(f"{collector.url}/api/v1/query?query=load")
    wait_for(lambda: listener.alerts("High") == ["firing"], "Alertmanager to tell of it")
    push(collector, 1)
    wait_for(lambda: listener.alerts("High") == ["firing", "resolved"], "Alertmanager to tell of its end")
    assert shown() == []


@pytest.fixture
def silencing(tmp_path: Path) -> Iterator[str]:
    """The address of an API behind which an alert fires and is told to nobody who listens."""
    (tmp_path / "receivers.yml").write_text("receivers: [{name: team, webhook: {url: 'http://127.0.0.1:9/'}}]")
    database = StateDatabase(tmp_path / "state.sqlite")
    now_ms = system_time_ms()
    labels = (("alertname", "High"), ("instance", "web-1"))
    alert = Alert(labels, (("summary", "busy"),), "firing", 3.0, now_ms, now_ms)
    database.store([("rule", alert)], [], [Event(now_ms, True, "rule", "load > 2", alert)])
    server: uvicorn.Server

    async def serve(listener: socket.socket) -> None:
        nonlocal server
        notifications = Notifications(database, Metrics(), system_time_ms)
        await notifications.configure(read_policy(tmp_path / "receivers.yml"), "http://monitor")
        routes = NotificationsApi(notifications, "http://monitor", system_time_ms).routes()
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), lifespan="off", log_config=None, ws="none"))
        await server.serve([listener])
        await notifications.close()

    with socket.socket() as listener, ThreadPoolExecutor(1) as executor:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = executor.submit(asyncio.run, serve(listener))

        def is_ready() -> bool:
            assert not serving.done(), serving.exception()
            try:
                return httpx.get(f"{url}/api/v2/alerts").json() != []
            except httpx.TransportError:
                return False

        wait_for(is_ready, "the alert to be shown")
        yield url
        server.should_exit = True
        serving.result()
    database.close()


def test_amtool_adds_finds_updates_and_expires_silences_and_sees_what_they_do(silencing: str) -> None:
    program = str(peer("amtool"))

    def amtool(*arguments: str) -> str:
        command = [program, f"--alertmanager.url={silencing}", *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def states() -> list[str]:
        return [alert["status"]["state"] for alert in json.loads(amtool("alert", "query", "-a", "-s", "-o", "json"))]

    (alert,) = json.loads(amtool("alert", "query", "-o", "json"))
    assert (alert["labels"]["instance"], alert["status"]["state"]) == ("web-1", "active")
    number = amtool(
        *("silence", "add", "alertname=~High|Low", "instance!=db-1", "-a", "ana", "-c", "disk swap", "-d", "2h")
    )
    (silence,) = json.loads(amtool("silence", "query", "-o", "json"))
    assert (silence["id"], silence["createdBy"], silence["comment"]) == (number, "ana", "disk swap")
    assert [(one["name"], one["isRegex"], one["isEqual"]) for one in silence["matchers"]] == [
        ("alertname", True, True),
        ("instance", False, False),
    ]
    assert amtool("silence", "query", "-q", "alertname=High|Low") == number
    wait_for(lambda: states() == ["suppressed"], "the alert to be silenced")
    assert json.loads(amtool("alert", "query", "-o", "json")) == []
    amtool("silence", "update", "-d", "3h", "-c", "longer", number)
    (silence,) = json.loads(amtool("silence", "query", "-o", "json"))
    assert (silence["id"], silence["comment"]) == (number, "longer")
    amtool("silence", "expire", number)
    assert json.loads(amtool("silence", "query", "-o", "json")) == []
    assert json.loads(amtool("silence", "query", "--expired", "-o", "json"))[0]["id"] == number
    wait_for(lambda: states() == ["active"], "the alert to be heard again")
