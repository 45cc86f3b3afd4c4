"""The hosts that must report, as Prometheus tells of what it scrapes: `targets`."""

from __future__ import annotations

from typing import Any

from monitor_collector import liveness
from monitor_collector.api.answers import Data
from monitor_collector.api.asking import Asked
from monitor_collector.api.rules import NEVER
from monitor_collector.collector import Collector
from monitor_collector.config import Target
from monitor_collector.durations import duration_text
from monitor_collector.notifications.payload import rfc3339

POOL = "host"


async def targets(asked: Asked) -> Data:
    """Hosts push, so the last scrape is when the last batch has arrived, and nothing is ever dropped."""
    state = asked.parameters.text("state").lower() or "any"
    pool = asked.parameters.text("scrapePool") or POOL
    collector = asked.collector
    is_shown = state in ("any", "active") and pool == POOL
    active = [_target(collector, target) for target in collector.configuration.targets] if is_shown else []
    return Data({"activeTargets": active, "droppedTargets": [], "droppedTargetCounts": {POOL: 0}})


def _target(collector: Collector, target: Target) -> dict[str, Any]:
    arrival = collector.ingest.arrivals.get(target.instance)
    health = liveness.health(target, arrival, collector.engine.started_ms, collector.now_ms())
    labels = {**target.labels, "instance": target.instance, "job": "host"}
    interval = duration_text(round(target.interval_seconds * 1000))
    return {
        "discoveredLabels": labels,
        "labels": labels,
        "scrapePool": POOL,
        "scrapeUrl": "",
        "globalUrl": "",
        "lastError": "no batch has arrived lately" if health == "down" else "",
        "lastScrape": rfc3339(arrival) if arrival else NEVER,
        "lastScrapeDuration": 0,
        "health": health,
        "scrapeInterval": interval,
        "scrapeTimeout": interval,
    }
