#!/usr/bin/env python3
"""Writes `dashboard.json` beside itself: a Grafana dashboard of one host, made of the names of our metrics.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_name("dashboard.json")
# Whatever Prometheus-compatible source the person chooses.
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 12, 8
HOST = 'instance="$instance"'
RATE = "[$__rate_interval]"


class Panel(NamedTuple):
    """`unit` is one of Grafana's; `queries` are pairs of an expression and a legend."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]


PANELS = (
    Panel(
        "Health", "none", ((f"monitor_health_score{{{HOST}}}", "score"), (f"monitor_health_part{{{HOST}}}", "{{part}}"))
    ),
    Panel(
        "CPU by mode", "percentunit", ((f"avg by (mode) (rate(node_cpu_seconds_total{{{HOST}}}{RATE}))", "{{mode}}"),)
    ),
    Panel(
        "Memory",
        "bytes",
        (
            (f"node_memory_MemTotal_bytes{{{HOST}}} - node_memory_MemAvailable_bytes{{{HOST}}}", "used"),
            (f"node_memory_MemTotal_bytes{{{HOST}}}", "total"),
        ),
    ),
    Panel("Load", "none", tuple((f"node_load{n}{{{HOST}}}", f"{n} min") for n in (1, 5, 15))),
    Panel(
        "Network",
        "Bps",
        tuple(
            (f'rate(node_network_{word}_bytes_total{{{HOST}, device!="lo"}}{RATE})', f"{{{{device}}}} {word}")
            for word in ("receive", "transmit")
        ),
    ),
    Panel(
        "File systems",
        "percentunit",
        ((f"1 - node_filesystem_avail_bytes{{{HOST}}} / node_filesystem_size_bytes{{{HOST}}}", "{{mountpoint}}"),),
    ),
    Panel("Disks busy", "percentunit", ((f"rate(node_disk_io_time_seconds_total{{{HOST}}}{RATE})", "{{device}}"),)),
    Panel(
        "Pressure",
        "percentunit",
        tuple(
            (f"rate(node_pressure_{name}_seconds_total{{{HOST}}}{RATE})", name.replace("_", " "))
            for name in ("cpu_waiting", "memory_waiting", "io_waiting")
        ),
    ),
    Panel("Latency of probes", "s", ((f"probe_duration_seconds{{{HOST}}}", "{{probe}}"),)),
    Panel("Alarms", "none", ((f'ALERTS{{{HOST}, alertstate="firing"}}', "{{alertname}}"),)),
)


def dashboard() -> dict[str, Any]:
    return {
        "title": "Host (monitor-collector)",
        "uid": "monitor-host",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Source"},
                {
                    "name": "instance",
                    "type": "query",
                    "label": "Host",
                    "datasource": SOURCE,
                    "query": {"query": "label_values(up, instance)", "refId": "hosts"},
                    "refresh": 2,
                    "sort": 7,
                },
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    left, top = number % 2 * WIDTH, number // 2 * HEIGHT
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": left, "y": top, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + i), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for i, (expression, legend) in enumerate(panel.queries)
        ],
    }


def text() -> str:
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
