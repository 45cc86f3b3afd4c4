"""Hosts that are not there: what their agents would push, and their probes would find, at a real collector."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.integration.collector_process import CollectorProcess
from tests.templates.conftest import ROOT, evaluate

TEMPLATES = ROOT / "roles/monitor_collector/templates"
LAB = ROOT / "inventory/lab"
LEVELS_OF = "web-1"
DEVICES = ("lo", "eth0")


@dataclass
class SimulatedHost:
    """What a host is like now; tests change it."""

    name: str
    groups: list[str] = field(default_factory=lambda: ["web"])
    labels: dict[str, str] = field(default_factory=lambda: {"env": "lab"})
    reports: bool = True
    cpu_used_ratio: float = 0.1
    memory_used_ratio: float = 0.3
    latency_seconds: float = 0.01
    status: int = 200
    bytes_per_second: float = 20_000
    extra: str = ""
    _busy_seconds: float = 0.0
    _idle_seconds: float = 0.0
    _bytes: float = 0.0

    def pass_time(self, seconds: float) -> None:
        self._busy_seconds += seconds * self.cpu_used_ratio
        self._idle_seconds += seconds * (1 - self.cpu_used_ratio)
        self._bytes += seconds * self.bytes_per_second

    def text(self) -> str:
        """Its batch in Prometheus' text format, without timestamps."""
        labels = {"instance": self.name, **self.labels}
        host, probe = {**labels, "job": "host"}, {**labels, "job": "probe", "probe": "site", "target": "http://site/"}
        samples = [
            sample("node_cpu_seconds_total", self._busy_seconds, **host, cpu="0", mode="user"),
            sample("node_cpu_seconds_total", self._idle_seconds, **host, cpu="0", mode="idle"),
            sample("node_memory_MemTotal_bytes", 4e9, **host),
            sample("node_memory_MemAvailable_bytes", 4e9 * (1 - self.memory_used_ratio), **host),
            sample("node_load1", self.cpu_used_ratio, **host),
            sample("monitor_agent_build_info", 1, **host, version="0.1.0"),
            sample("probe_success", int(self.status < 400), **probe),
            sample("probe_duration_seconds", self.latency_seconds, **probe),
            sample("probe_http_status_code", self.status, **probe),
            sample("monitor_probe_failed_due_to_status", int(self.status >= 400), **probe),
        ]
        for direction in ("receive", "transmit"):
            name = f"node_network_{direction}_bytes_total"
            samples += [sample(name, self._bytes, **host, device=device) for device in DEVICES]
        return "".join(samples) + self.extra


def sample(name: str, value: float, **labels: str) -> str:
    escaped = {label: text.replace("\\", "\\\\").replace('"', '\\"') for label, text in labels.items()}
    pairs = ",".join(f'{label}="{text}"' for label, text in escaped.items())
    return f"{name}{{{pairs}}} {value}\n"


def alarms_of_two_probes() -> dict[str, Any]:
    """What a range query of alarms gives of two probes of a host, each failing for five minutes an hour ago."""
    start = time.time() // 60 * 60 - 3600
    values = [[start + 60 * minute, "1"] for minute in range(5)]
    alarm = {"alertname": "ProbeFailing", "instance": "web-1", "severity": "critical", "env": "lab", "job": "probe"}
    result = [{"metric": {**alarm, "probe": probe}, "values": values} for probe in ("front", "back")]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


class Fleet:
    """A collector with the role's own rules, and hosts that push to it at their interval until `close`."""

    def __init__(
        self,
        directory: Path,
        hosts: list[SimulatedHost],
        columns: list[dict[str, str]] | None = None,
        interval_seconds: float = 1,
        probes: list[dict[str, Any]] | None = None,
    ) -> None:
        self.hosts = {host.name: host for host in hosts}
        self._interval_seconds = interval_seconds
        self.collector = CollectorProcess(
            directory, _configuration(hosts, columns or [], interval_seconds, probes or [])
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._push, daemon=True)
        self.collector.start()
        self.collector.wait_until_ready()
        self._thread.start()

    @property
    def url(self) -> str:
        return self.collector.url

    def _push(self) -> None:
        before = time.monotonic()
        with httpx.Client(base_url=self.url) as client:
            while not self._ended.wait(self._interval_seconds):
                now = time.monotonic()
                for host in self.hosts.values():
                    host.pass_time(now - before)
                before = now
                text = "".join(host.text() for host in self.hosts.values() if host.reports)
                try:
                    client.post("/api/v1/import/prometheus", content=text)
                except httpx.TransportError:
                    continue  # the collector is down, as a test wanted

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self.collector.close()


def _configuration(
    hosts: list[SimulatedHost],
    columns: list[dict[str, str]],
    interval_seconds: float,
    probes: list[dict[str, Any]],
) -> dict[str, Any]:
    subjects = [path.name.removesuffix(".yml.j2") for path in TEMPLATES.glob("rules/*.yml.j2")]
    rules = {f"rules.d/{subject}": yaml.safe_load(_rendered(f"rules/{subject}.yml.j2")) for subject in subjects}
    levels = yaml.safe_load(_rendered("thresholds.yml.j2"))["thresholds"][LEVELS_OF]
    return {
        **rules,
        "targets": {
            "targets": [
                {
                    "instance": host.name,
                    "interval_seconds": interval_seconds,
                    "labels": host.labels,
                    "groups": host.groups,
                }
                for host in hosts
            ]
        },
        "thresholds": {"thresholds": {host.name: dict(levels) for host in hosts}},
        "receivers": {"receivers": []},
        "probes": {"probes": probes},
        "dashboard": {"columns": columns},
    }


def _rendered(template: str) -> str:
    path = TEMPLATES / template
    text = evaluate(f"{{{{ lookup('ansible.builtin.template', '{path}') }}}}", "monitor_collector", "monitor", LAB, {})
    return str(text)
