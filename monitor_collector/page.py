"""The status page: hosts and alarms in two tables, readable without JavaScript and on a phone."""

from __future__ import annotations

import asyncio
import math
from typing import NamedTuple

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from monitor_collector import __version__, liveness
from monitor_collector.collector import Collector
from monitor_collector.config import Target
from monitor_collector.humanized import humanize, humanize_duration
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.promql import QueryError, Vector
from monitor_collector.query_limits import QueryTimeout

REFRESH_SECONDS = 2
# Long enough a window to hold several samples of the slowest host.
_RATE_INTERVALS = 5

_MEMORY = "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"
_CPU = 'avg by (instance) (sum by (instance, cpu) (rate(node_cpu_seconds_total{{mode!~"idle|iowait"}}[{window}s])))'


class HostRow(NamedTuple):
    """A host as the page shows it, all in words; figures are "" where the host does not report."""

    name: str
    state: str
    last_batch: str
    cpu: str
    memory: str
    load: str
    version: str


class AlarmRow(NamedTuple):
    """An alarm as the page shows it."""

    name: str
    host: str
    state: str
    since: str
    value: str
    summary: str


class Page:
    """Serves `/`."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        environment = Environment(
            loader=PackageLoader("monitor_collector"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._template = environment.get_template("status.html")

    def routes(self) -> list[Route]:
        return [Route("/", self._show, methods=["GET"])]

    async def _show(self, _: Request) -> Response:
        if not self._collector.is_ready:
            return PlainTextResponse("The collector is reading its log of the last run.\n", 503)
        now_ms = self._collector.now_ms()
        text = self._template.render(
            hosts=await self._hosts(now_ms),
            alarms=self._alarms(now_ms),
            now=rfc3339(now_ms),
            refresh_seconds=REFRESH_SECONDS,
            version=__version__,
        )
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})

    async def _hosts(self, now_ms: int) -> list[HostRow]:
        targets = self._collector.configuration.targets
        longest = max((target.interval_seconds for target in targets), default=1)
        window = math.ceil(longest * _RATE_INTERVALS)
        cpu, memory, load, versions = await asyncio.gather(
            self._figures(_CPU.format(window=window), now_ms),
            self._figures(_MEMORY, now_ms),
            self._figures("node_load1", now_ms),
            self._versions(now_ms),
        )
        rows = []
        for target in targets:
            state, last_batch = self._reporting(target, now_ms)
            name = target.instance
            if state != "up":
                rows.append(HostRow(name, state, last_batch, "", "", "", ""))
                continue
            percentages = [f"{figures[name]:.0%}" if name in figures else "" for figures in (cpu, memory)]
            one_minute = f"{load[name]:.2f}" if name in load else ""
            rows.append(HostRow(name, state, last_batch, *percentages, one_minute, versions.get(name, "")))
        return rows

    def _reporting(self, target: Target, now_ms: int) -> tuple[str, str]:
        """The host's state in a word, and how long ago its last batch arrived."""
        arrival = self._collector.ingest.arrivals.get(target.instance)
        health = liveness.health(target, arrival, self._collector.engine.started_ms, now_ms)
        if arrival is None:
            return ("waiting" if health == "unknown" else "never seen"), ""
        state = {"up": "up", "down": "silent", "unknown": "waiting"}[health]
        return state, f"{humanize_duration(max(now_ms - arrival, 0) // 1000)} ago"

    async def _figures(self, query: str, now_ms: int) -> dict[str, float]:
        """A figure for each instance; none where the query cannot be answered, so that the rest is still shown."""
        try:
            vector = await self._collector.queries.instant(query, now_ms)
        except (QueryError, QueryTimeout):
            return {}
        assert isinstance(vector, Vector)
        pairs = zip(vector.labels, vector.values.tolist(), strict=True)
        return {dict(labels).get("instance", ""): value for labels, value in pairs if math.isfinite(value)}

    async def _versions(self, now_ms: int) -> dict[str, str]:
        try:
            vector = await self._collector.queries.instant("monitor_agent_build_info", now_ms)
        except (QueryError, QueryTimeout):
            return {}
        assert isinstance(vector, Vector)
        found = map(dict, vector.labels)
        return {labels.get("instance", ""): labels.get("version", "") for labels in found}

    def _alarms(self, now_ms: int) -> list[AlarmRow]:
        rows = []
        for _, alert in self._collector.engine.active_alerts():
            labels, annotations = dict(alert.labels), dict(alert.annotations)
            since_ms = alert.active_at_ms if alert.fired_at_ms is None else alert.fired_at_ms
            since = humanize_duration(max(now_ms - since_ms, 0) // 1000)
            rows.append(
                AlarmRow(
                    labels["alertname"],
                    labels.get("instance", ""),
                    alert.state,
                    since,
                    _value(alert.value),
                    annotations.get("summary", ""),
                )
            )
        return sorted(rows, key=lambda row: (row.state != "firing", row.name, row.host))


def _value(value: float) -> str:
    """Short, without the prefixes for small numbers, which few people read with ease."""
    return humanize(value) if abs(value) >= 1000 else f"{value:.3g}"
