"""The webhook payload, as Alertmanager sends it."""

from __future__ import annotations

from monitor_collector.notifications.known_alerts import KnownAlert
from monitor_collector.notifications.payload import alert_entry, fingerprint, payload, rfc3339
from monitor_collector.notifications.routing import Route, place
from tests.unit.collector.notifications.desk import labels

ROUTE = Route("{}", "team")


def alert(instance: str, ended_ms: int | None = None) -> KnownAlert:
    texts = (("summary", f"{instance} is busy"),)
    identity = labels("High", instance, severity="warning")
    return KnownAlert("rule", identity, texts, "load > 2", 1_700_000_003_000, ended_ms)


def test_a_message_has_every_field_of_version_4() -> None:
    one = alert("web-1")
    message = payload(place(ROUTE, one.labels), [alert_entry(one, "http://monitor")], "http://monitor")
    names = {"alertname": "High", "instance": "web-1", "severity": "warning"}
    assert message == {
        "version": "4",
        "groupKey": '{}:{alertname="High"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "team",
        "groupLabels": {"alertname": "High"},
        "commonLabels": names,
        "commonAnnotations": {"summary": "web-1 is busy"},
        "externalURL": "http://monitor",
        "alerts": [
            {
                "status": "firing",
                "labels": names,
                "annotations": {"summary": "web-1 is busy"},
                "startsAt": "2023-11-14T22:13:23.000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://monitor/api/v1/query?query=load%20%3E%202",
                "fingerprint": fingerprint(tuple(names.items())),
            }
        ],
    }


def test_a_resolved_alert_has_an_end_and_its_first_beginning() -> None:
    entry = alert_entry(alert("web-1", ended_ms=1_700_000_060_500), "")
    assert entry["status"] == "resolved"
    assert (entry["startsAt"], entry["endsAt"]) == ("2023-11-14T22:13:23.000Z", "2023-11-14T22:14:20.500Z")


def test_a_flapping_alert_counts_as_firing_and_says_so_in_an_annotation_which_leaves_its_labels_alone() -> None:
    entry = alert_entry(alert("web-1", ended_ms=1_700_000_060_500), "", flapping="it changed")
    assert (entry["status"], entry["endsAt"]) == ("firing", "0001-01-01T00:00:00Z")
    assert entry["annotations"] == {"summary": "web-1 is busy", "flapping": "it changed"}
    assert entry["fingerprint"] == fingerprint(alert("web-1").labels)


def test_a_message_has_the_labels_and_annotations_that_all_its_alerts_share() -> None:
    entries = [alert_entry(alert("web-1"), ""), alert_entry(alert("web-2", 1_700_000_060_500), "")]
    message = payload(place(ROUTE, alert("web-1").labels), entries, "")
    assert message["status"] == "firing"
    assert message["commonLabels"] == {"alertname": "High", "severity": "warning"}
    assert message["commonAnnotations"] == {}
    assert payload(place(ROUTE, alert("web-1").labels), entries[1:], "")["status"] == "resolved"


def test_alerts_beyond_the_most_that_are_wanted_are_counted() -> None:
    entries = [alert_entry(alert(f"web-{number}"), "") for number in range(5)]
    message = payload(place(ROUTE, alert("web-0").labels), entries, "", max_alerts=2)
    assert [one["labels"]["instance"] for one in message["alerts"]] == ["web-0", "web-1"]
    assert message["truncatedAlerts"] == 3


def test_a_fingerprint_is_that_of_prometheus() -> None:
    # common/model/signature_test.go
    assert fingerprint(()) == f"{14695981039346656037:016x}"
    assert fingerprint((("fear", "love is not enough"), ("name", "garland, briggs"))) == f"{5799056148416392346:016x}"


def test_times_are_in_utc_with_milliseconds() -> None:
    assert rfc3339(1) == "1970-01-01T00:00:00.001Z"
