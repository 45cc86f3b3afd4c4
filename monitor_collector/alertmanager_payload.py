"""Alertmanager's webhook payload, version 4, to the letter.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from monitor_collector.promql import Labels
from monitor_collector.rules import Transition

_NO_TIME = "0001-01-01T00:00:00Z"


def payloads(transitions: Iterable[tuple[Transition, str]], receiver: str, external_url: str) -> list[dict[str, Any]]:
    """One message for each alert name among the transitions, which come with the query of their rule."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    # Firing before resolved, as they are read in this order.
    for transition, query in sorted(transitions, key=lambda pair: not pair[0].is_firing):
        name = dict(transition.alert.labels)["alertname"]
        by_name.setdefault(name, []).append(_alert(transition, query, external_url))
    return [_message(name, alerts, receiver, external_url) for name, alerts in by_name.items()]


def _message(name: str, alerts: list[dict[str, Any]], receiver: str, external_url: str) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": f"{{}}:{{alertname={json.dumps(name, ensure_ascii=False)}}}",
        "truncatedAlerts": 0,
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "receiver": receiver,
        "groupLabels": {"alertname": name},
        "commonLabels": _common(alert["labels"] for alert in alerts),
        "commonAnnotations": _common(alert["annotations"] for alert in alerts),
        "externalURL": external_url,
        "alerts": alerts,
    }


def _alert(transition: Transition, query: str, external_url: str) -> dict[str, Any]:
    alert = transition.alert
    started_ms = alert.active_at_ms if alert.fired_at_ms is None else alert.fired_at_ms
    return {
        "status": "firing" if transition.is_firing else "resolved",
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": rfc3339(started_ms),
        "endsAt": _NO_TIME if transition.is_firing else rfc3339(transition.at_ms),
        "generatorURL": f"{external_url}/api/v1/query?query={quote(query, safe='')}",
        "fingerprint": fingerprint(alert.labels),
    }


def _common(mappings: Iterable[Mapping[str, str]]) -> dict[str, str]:
    first, *others = mappings
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def rfc3339(milliseconds: int) -> str:
    """The moment in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fingerprint(labels: Labels) -> str:
    """The 64-bit FNV-1a hash that Prometheus and Alertmanager know an alert by, in hex (common/model/signature.go)."""
    digest = 0xCBF29CE484222325
    for name, value in labels:
        for byte in (*name.encode(), 0xFF, *value.encode(), 0xFF):
            digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"
