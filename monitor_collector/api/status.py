"""About the collector itself, in the words that Prometheus has for it: `status/*`."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from monitor_collector import __version__
from monitor_collector.api.answers import BadParameter, Data
from monitor_collector.api.asking import Asked
from monitor_collector.api.series import EVERYTHING
from monitor_collector.config import Settings
from monitor_collector.durations import duration_text
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.promql import Labels
from monitor_collector.queries import THREADS

# What clients may take this for: they ask a server by its version what it can do.
PROMETHEUS_VERSION = "3.0.0"
_TOP = 10


async def build_information(_: Asked) -> Data:
    """`version` is that of the Prometheus whose API this is; the collector's own is the revision."""
    return Data(
        {
            "version": PROMETHEUS_VERSION,
            "revision": f"monitor-collector {__version__}",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        }
    )


async def runtime_information(asked: Asked) -> Data:
    collector = asked.collector
    return Data(
        {
            "startTime": rfc3339(collector.engine.started_ms),
            "CWD": str(Path.cwd()),
            "hostname": os.uname().nodename,
            "serverTime": rfc3339(collector.now_ms()),
            "reloadConfigSuccess": collector.last_reload_succeeded,
            "lastConfigTime": rfc3339(collector.configured_ms),
            "corruptionCount": 0,
            # What comes nearest to them here.
            "goroutineCount": threading.active_count(),
            "GOMAXPROCS": len(os.sched_getaffinity(0)),
            "GOGC": ",".join(map(str, gc.get_threshold())),
            "GODEBUG": "",
            "storageRetention": _retention(collector.configuration.settings),
        }
    )


def _retention(settings: Settings) -> str:
    age = duration_text(round(settings.retention_days * 86_400_000))
    return age if settings.retention_gigabytes is None else f"{age} or {settings.retention_gigabytes:g}GB"


async def flags(asked: Asked) -> Data:
    """The settings that Prometheus has flags for, under their names."""
    settings = asked.collector.configuration.settings
    size = settings.retention_gigabytes
    return Data(
        {
            "query.lookback-delta": duration_text(round(settings.query_lookback_seconds * 1000)),
            "query.max-concurrency": str(THREADS),
            "query.max-samples": str(settings.query_max_samples),
            "query.timeout": duration_text(round(settings.query_timeout_seconds * 1000)),
            "storage.tsdb.path": str(settings.data_directory),
            "storage.tsdb.retention.size": "0B" if size is None else f"{size:g}GB",
            "storage.tsdb.retention.time": duration_text(round(settings.retention_days * 86_400_000)),
            "web.external-url": settings.external_url,
            "web.listen-address": f"{settings.host}:{settings.port}",
        }
    )


async def configuration(asked: Asked) -> Data:
    """What of the configuration can be said in the words of Prometheus' own; tools look up the intervals there."""
    configuration = asked.collector.configuration
    intervals = [target.interval_seconds for target in configuration.targets]
    content = {
        "global": {
            "scrape_interval": duration_text(round(min(intervals, default=5) * 1000)),
            "evaluation_interval": duration_text(round(configuration.settings.evaluation_interval_seconds * 1000)),
        },
        "rule_files": sorted({group.file for group in configuration.groups}),
    }
    return Data({"yaml": yaml.safe_dump(content, sort_keys=False)})


async def storage(asked: Asked) -> Data:
    """How many series there lately were of what; the largest groups first, as many as `limit` says."""
    limit = asked.parameters.whole("limit")
    limit = _TOP if limit is None else limit
    if limit < 1:
        raise BadParameter.named("limit", "must be a positive number")
    now_ms = asked.collector.now_ms()
    start_ms = now_ms - asked.collector.configuration.settings.head_window_seconds * 1000
    return Data(await asked.query(lambda query: _counts(query.label_sets(EVERYTHING, start_ms, now_ms), limit)))


def _counts(series: set[Labels], limit: int) -> dict[str, Any]:
    values: dict[str, set[str]] = defaultdict(set)
    pairs: Counter[tuple[str, str]] = Counter()
    for labels in series:
        pairs.update(labels)
        for name, value in labels:
            values[name].add(value)
    names = {value: count for (name, value), count in pairs.items() if name == "__name__"}
    sizes = {name: sum(len(value.encode()) * pairs[name, value] for value in found) for name, found in values.items()}
    return {
        "headStats": {"numSeries": len(series), "numLabelPairs": len(pairs)},
        "seriesCountByMetricName": _largest(names, limit),
        "labelValueCountByLabelName": _largest({name: len(found) for name, found in values.items()}, limit),
        "memoryInBytesByLabelName": _largest(sizes, limit),
        "seriesCountByLabelValuePair": _largest({f"{name}={value}": n for (name, value), n in pairs.items()}, limit),
    }


def _largest(counts: Mapping[str, int], limit: int) -> list[dict[str, Any]]:
    chosen = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
    return [{"name": name, "value": value} for name, value in chosen]
