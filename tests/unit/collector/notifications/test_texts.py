"""Messages for people."""

from __future__ import annotations

from typing import Any

from monitor_collector.notifications import texts
from tests.unit.collector.notifications.test_payload import ROUTE, alert, alert_entry, payload, place


def message(*entries: dict[str, Any]) -> dict[str, Any]:
    return payload(place(ROUTE, alert("web-1").labels), entries, "http://monitor")


def test_a_title_counts_what_fires_and_names_what_all_share() -> None:
    firing, other = alert_entry(alert("web-1"), ""), alert_entry(alert("web-2"), "")
    ended = alert_entry(alert("web-1", ended_ms=1_700_000_060_500), "")
    assert texts.title(message(firing)) == "[FIRING:1] High web-1"
    assert texts.title(message(firing, other)) == "[FIRING:2] High"
    assert texts.title(message(ended)) == "[RESOLVED] High web-1"


def test_every_alert_has_a_line_with_its_state_and_summary() -> None:
    flapping = alert_entry(alert("web-2"), "", flapping="it changed often")
    assert texts.body(message(alert_entry(alert("web-1"), ""), flapping)) == (
        "firing: High web-1 (warning): web-1 is busy\n"
        "firing: High web-2 (warning): web-2 is busy [flapping: it changed often]\n"
        "http://monitor"
    )


def test_a_long_message_is_cut_and_says_how_much_is_missing() -> None:
    lines = texts.body(message(*(alert_entry(alert(f"web-{number}"), "") for number in range(50)))).splitlines()
    assert (len(lines), lines[-2]) == (22, "… and 30 more")
