"""Only alerts that fire count, and only those of the benchmark."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from benchmarks.webhook import Ring, Webhook, rings_of


def message(*alerts: tuple[str, dict[str, str]]) -> bytes:
    document: dict[str, Any] = {"version": "4", "alerts": [{"status": one, "labels": labels} for one, labels in alerts]}
    return json.dumps(document).encode()


def test_each_firing_alert_with_the_label_rings() -> None:
    body = message(
        ("firing", {"crossing": "1"}),
        ("resolved", {"crossing": "2"}),
        ("firing", {"alertname": "HostDown"}),
        ("firing", {"crossing": "3"}),
    )
    assert list(rings_of("/ours", body, "crossing", 5.5)) == [Ring("/ours", "1", 5.5), Ring("/ours", "3", 5.5)]


def test_the_first_ring_of_an_alert_counts_by_path() -> None:
    with Webhook("crossing") as webhook:
        for path in ("/ours", "/ours", "/theirs"):
            address = f"http://127.0.0.1:{webhook.port}{path}"
            urllib.request.urlopen(address, message(("firing", {"crossing": "1"}))).close()
        theirs = webhook.wait_for("/theirs", "1", 10.0)
        ours = webhook.wait_for("/ours", "1", 10.0)
        assert ours is not None and theirs is not None and ours < theirs
        assert webhook.wait_for("/ours", "2", 0.0) is None
