"""Kills the collector at random moments, fifty times, while hosts push and alarms come and go."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.collector_process import CollectorProcess
from tests.unit.collector.webhooks import Listener

KILLS = 50
SERIES = 50
HOSTS = ("web-1", "web-2")
RULES = {
    "groups": [{"name": "levels", "rules": [{"alert": "High", "expr": "level > 0", "labels": {"severity": "page"}}]}]
}


def value(number: int, at_ms: int) -> float:
    """What series `number` of a host has at a moment, so that every sample found can be checked."""
    return number * 1000 + at_ms % 997


class Host(threading.Thread):
    """Pushes a batch every few milliseconds, each again and again until it is acknowledged, as the agent does.

    `crossings` counts alarms: while it is odd the host's level is above the threshold.
    """

    def __init__(self, instance: str, url: str) -> None:
        super().__init__()
        self.acknowledged: list[int] = []
        self.sent: set[int] = set()
        self.crossing = 0
        self._instance = instance
        self._url = url
        self._is_done = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=5) as client:
            while not self._is_done.is_set():
                at_ms = max(time.time_ns() // 1_000_000, (self.acknowledged or [0])[-1] + 1)
                body = self._body(at_ms)
                self.sent.add(at_ms)
                while not self._is_acknowledged(client, body):
                    if self._is_done.wait(0.01):
                        return
                self.acknowledged.append(at_ms)
                self._is_done.wait(0.02)

    def _body(self, at_ms: int) -> bytes:
        lines = [f'm{n}{{instance="{self._instance}"}} {value(n, at_ms)} {at_ms}' for n in range(SERIES)]
        lines.append(f'level{{instance="{self._instance}"}} {self.crossing % 2} {at_ms}')
        return ("\n".join(lines) + "\n").encode()

    def _is_acknowledged(self, client: httpx.Client, body: bytes) -> bool:
        try:
            answer = client.post("/api/v1/import/prometheus", content=body)
        except httpx.TransportError:
            return False
        assert answer.status_code in (204, 429, 503), answer.text
        return answer.status_code == 204

    def stop(self) -> None:
        self._is_done.set()
        self.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def collector(tmp_path: Path, listener: Listener) -> Iterator[CollectorProcess]:
    files = {
        "targets": {"targets": [{"instance": instance, "interval_seconds": 0.1} for instance in HOSTS]},
        "receivers": {"receivers": [{"name": "team", "webhook": {"url": listener.url}}]},
        "rules.d/rules": RULES,
        "collector": {"evaluation_interval_seconds": 0.1, "head_window_seconds": 60},
    }
    process = CollectorProcess(tmp_path / "collector", files, is_hasty=True)
    yield process
    process.close()


def heard(listener: Listener, instance: str) -> list[str]:
    """The states of the host's alarm as they were told, one after the other, each once: a message may come again
    when the collector was killed before it could note that it was delivered."""
    states: list[str] = []
    for alert in [alert for message in list(listener.messages) for alert in message["alerts"]]:
        if alert["labels"]["instance"] == instance and states[-1:] != [alert["status"]]:
            states.append(alert["status"])
    return states


def test_fifty_kills_lose_no_sample_double_none_and_every_alarm_is_told(
    collector: CollectorProcess, listener: Listener
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    collector.start()
    collector.wait_until_ready()
    hosts = {instance: Host(instance, collector.url) for instance in HOSTS}
    for host in hosts.values():
        host.start()
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 1.2))
            collector.kill()
            collector.start()
            if chance.random() < 0.7:
                collector.wait_until_ready()
            # A level changes only once its last change was told, so that each has to be.
            for instance, host in hosts.items():
                if len(heard(listener, instance)) == host.crossing:
                    host.crossing += 1
        collector.wait_until_ready()
        deadline = time.monotonic() + 60
        while any(len(heard(listener, instance)) < host.crossing for instance, host in hosts.items()):
            assert time.monotonic() < deadline, {
                instance: (host.crossing, heard(listener, instance)) for instance, host in hosts.items()
            }
            time.sleep(0.05)
    finally:
        for host in hosts.values():
            host.stop()

    for instance, host in hosts.items():
        assert host.crossing >= 4, "too few alarms came and went for the test to say anything"
        assert len(host.acknowledged) > KILLS
        expected = (["firing", "resolved"] * host.crossing)[: host.crossing]
        assert heard(listener, instance) == expected
        found = collector.query(f'{{__name__=~"m[0-9]+",instance="{instance}"}}[1h]')
        assert len(found) == SERIES
        for series in found:
            number = int(series["metric"]["__name__"][1:])
            samples = [(round(at * 1000), float(text)) for at, text in series["values"]]
            times = [at_ms for at_ms, _ in samples]
            assert times == sorted(set(times)), "a sample is there twice"
            assert set(host.acknowledged) <= set(times) <= host.sent
            assert all(found_value == value(number, at_ms) for at_ms, found_value in samples)
    assert list(collector.data.glob("blocks/*.block")), "no kill can have met a block being written"
    assert collector.stop() == 0
