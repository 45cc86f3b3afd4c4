"""Alertmanager's webhook payload, version 4, to the letter. It is the form in which messages wait in the outbox.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from monitor_collector.notifications.known_alerts import KnownAlert
from monitor_collector.notifications.routing import Place
from monitor_collector.promql import Labels

Payload = dict[str, Any]

NO_TIME = "0001-01-01T00:00:00Z"
FLAPPING_ANNOTATION = "flapping"


def payload(place: Place, alerts: Sequence[Mapping[str, Any]], external_url: str, max_alerts: int = 0) -> Payload:
    """The message about a group; `alerts` are those of `alert_entry`, of which at most `max_alerts` are shown (0 for
    all)."""
    shown = alerts[:max_alerts] if max_alerts else alerts
    return {
        "version": "4",
        "groupKey": place.key.text,
        "truncatedAlerts": len(alerts) - len(shown),
        # Of all alerts: that the rest is left out does not make it resolved.
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "receiver": place.key.receiver,
        "groupLabels": dict(place.group_labels),
        "commonLabels": _common(alert["labels"] for alert in shown),
        "commonAnnotations": _common(alert["annotations"] for alert in shown),
        "externalURL": external_url,
        "alerts": list(shown),
    }


def alert_entry(alert: KnownAlert, external_url: str, flapping: str = "") -> dict[str, Any]:
    """One alert of a message. `flapping` says in words how often it changes, where it is told as flapping: such an
    alert counts as firing whichever way it was last."""
    is_firing = bool(flapping) or alert.ended_ms is None
    annotations = dict(alert.annotations)
    if flapping:
        annotations[FLAPPING_ANNOTATION] = flapping
    return {
        "status": "firing" if is_firing else "resolved",
        "labels": dict(alert.labels),
        "annotations": annotations,
        "startsAt": rfc3339(alert.started_ms),
        "endsAt": NO_TIME if is_firing or alert.ended_ms is None else rfc3339(alert.ended_ms),
        "generatorURL": generator_url(alert.query, external_url),
        "fingerprint": fingerprint(alert.labels),
    }


def generator_url(query: str, external_url: str) -> str:
    return f"{external_url}/api/v1/query?query={quote(query, safe='')}"


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
