"""Messages for people: a short title and a line for each alert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor_collector.notifications.payload import FLAPPING_ANNOTATION, Payload

# What chat services and mail programs show without trouble; the rest is counted.
_MOST_LINES = 20
_TEXTS = ("summary", "message", "description")


def title(payload: Payload) -> str:
    """As Alertmanager's default subject: `[FIRING:2] HostCpuHigh web-1`, from the labels that all alerts share."""
    firing = sum(alert["status"] == "firing" for alert in payload["alerts"])
    head = f"[FIRING:{firing}]" if firing else "[RESOLVED]"
    common = payload["commonLabels"]
    names = sorted({alert["labels"].get("alertname", "") for alert in payload["alerts"]})
    about = common.get("alertname") or ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return " ".join(part for part in (head, about, common.get("instance", "")) if part)


def body(payload: Payload) -> str:
    alerts = payload["alerts"]
    lines = [_line(alert) for alert in alerts[:_MOST_LINES]]
    rest = len(alerts) - len(lines) + payload["truncatedAlerts"]
    if rest:
        lines.append(f"… and {rest} more")
    if payload["externalURL"]:
        lines.append(payload["externalURL"])
    return "\n".join(lines)


def _line(alert: Mapping[str, Any]) -> str:
    labels, annotations = alert["labels"], alert["annotations"]
    what = next((annotations[name] for name in _TEXTS if annotations.get(name)), "")
    subject = " ".join(part for part in (labels.get("alertname"), labels.get("instance")) if part)
    severity = f" ({labels['severity']})" if labels.get("severity") else ""
    flapping = f" [flapping: {annotations[FLAPPING_ANNOTATION]}]" if annotations.get(FLAPPING_ANNOTATION) else ""
    return f"{alert['status']}: {subject}{severity}" + (f": {what}" if what else "") + flapping
