"""The webhook payload, as Alertmanager sends it."""

from __future__ import annotations

from monitor_collector.alertmanager_payload import fingerprint, payloads, rfc3339
from monitor_collector.rules import Alert, Transition


def transition(instance: str, is_firing: bool, name: str = "High") -> Transition:
    labels = (("alertname", name), ("instance", instance), ("severity", "warning"))
    alert = Alert(labels, (("summary", f"{instance} is busy"),), "firing", 3.0, 1_700_000_000_000, 1_700_000_003_000)
    return Transition(alert, 1_700_000_060_500, is_firing)


def test_a_message_has_every_field_of_version_4() -> None:
    (message,) = payloads([(transition("web-1", True), "load > 2")], "team", "http://monitor")
    labels = {"alertname": "High", "instance": "web-1", "severity": "warning"}
    assert message == {
        "version": "4",
        "groupKey": '{}:{alertname="High"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "team",
        "groupLabels": {"alertname": "High"},
        "commonLabels": labels,
        "commonAnnotations": {"summary": "web-1 is busy"},
        "externalURL": "http://monitor",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": {"summary": "web-1 is busy"},
                "startsAt": "2023-11-14T22:13:23.000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://monitor/api/v1/query?query=load%20%3E%202",
                "fingerprint": fingerprint(tuple(labels.items())),
            }
        ],
    }


def test_a_resolved_alert_has_an_end_and_its_first_beginning() -> None:
    (message,) = payloads([(transition("web-1", False), "")], "team", "http://monitor")
    assert message["status"] == message["alerts"][0]["status"] == "resolved"
    assert message["alerts"][0]["startsAt"] == "2023-11-14T22:13:23.000Z"
    assert message["alerts"][0]["endsAt"] == "2023-11-14T22:14:20.500Z"


def test_alerts_of_one_name_share_a_message_with_the_firing_first_and_only_common_labels() -> None:
    pairs = [(transition("web-1", False), ""), (transition("web-2", True), ""), (transition("web-1", True, "Low"), "")]
    high, low = sorted(payloads(pairs, "team", "http://monitor"), key=lambda one: one["groupLabels"]["alertname"])
    assert [alert["labels"]["instance"] for alert in high["alerts"]] == ["web-2", "web-1"]
    assert high["status"] == "firing"
    assert high["commonLabels"] == {"alertname": "High", "severity": "warning"}
    assert high["commonAnnotations"] == {}
    assert low["groupLabels"] == {"alertname": "Low"}


def test_a_fingerprint_is_that_of_prometheus() -> None:
    # common/model/signature_test.go
    assert fingerprint(()) == f"{14695981039346656037:016x}"
    assert fingerprint((("fear", "love is not enough"), ("name", "garland, briggs"))) == f"{5799056148416392346:016x}"


def test_times_are_in_utc_with_milliseconds() -> None:
    assert rfc3339(1) == "1970-01-01T00:00:00.001Z"
