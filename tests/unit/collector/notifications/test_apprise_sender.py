"""Messages through Apprise, to a real listener: its own JSON service."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.notifications.apprise_sender import AppriseSender, is_known
from monitor_collector.notifications.receivers import Integration
from monitor_collector.notifications.secret_files import Secret
from monitor_collector.notifications.senders import DeliveryError
from tests.unit.collector.notifications.test_texts import alert, alert_entry, message
from tests.unit.collector.webhooks import Listener

# Apprise imports it on Python 3.11 and 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def sender(listener: Listener) -> AppriseSender:
    url = listener.url.replace("http://", "json://")
    return AppriseSender(Integration("team/apprise/0", "team", "apprise", Secret(url)))


def test_a_message_has_a_title_and_a_line_for_each_alert(listener: Listener) -> None:
    sender(listener).send(message(alert_entry(alert("web-1"), "")))
    (received,) = listener.messages
    assert received["title"] == "[FIRING:1] High web-1"
    assert received["message"] == "firing: High web-1 (warning): web-1 is busy\nhttp://monitor"
    assert received["type"] == "failure"


def test_a_resolved_message_is_good_news(listener: Listener) -> None:
    sender(listener).send(message(alert_entry(alert("web-1", ended_ms=1_700_000_060_500), "")))
    assert listener.messages[0]["type"] == "success"


def test_a_service_that_does_not_take_it_is_a_failure_that_shows_no_secret(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    listener.statuses = [500]
    with pytest.raises(DeliveryError) as error:
        sender(listener).send(message(alert_entry(alert("web-1"), "")))
    assert str(error.value) == "json: the service did not take it"
    apprises_own = [record for record in caplog.records if record.name.startswith("apprise")]
    assert apprises_own == []


def test_an_address_is_known_when_it_is_complete(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert is_known("ntfy://ntfy.example.org/alarms")
    assert is_known("mailto://user:password@example.org")
    assert not is_known("nonsense://secret-token")
    assert not is_known("tgram://secret-token")
    assert "secret-token" not in caplog.text
