"""What survives a restart."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.rules import Alert
from monitor_collector.state import StateDatabase

LABELS = (("alertname", "High"), ("instance", "wéb-1"))
PENDING = Alert(LABELS, (("summary", "x"),), "pending", 3.0, 1000)
FIRING = PENDING._replace(state="firing", fired_at_ms=2000, value=math.inf)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[StateDatabase]:
    database = StateDatabase(tmp_path / "state.sqlite")
    yield database
    database.close()


def reopened(tmp_path: Path) -> tuple[dict, dict]:
    """What another process finds: the alerts and the lengths of the outbox."""
    other = StateDatabase(tmp_path / "state.sqlite")
    found = other.alerts(), other.outbox_lengths()
    other.close()
    return found


def test_alerts_are_found_again_as_they_were_stored_last(database: StateDatabase, tmp_path: Path) -> None:
    database.store([("rule", PENDING)], [], [], 1)
    database.store([("rule", FIRING)], [], [], 2)
    assert reopened(tmp_path)[0] == {"rule": {LABELS: FIRING}}
    database.store([], [("rule", FIRING)], [], 3)
    assert reopened(tmp_path)[0] == {}


def test_a_value_that_is_no_number_is_kept(database: StateDatabase) -> None:
    database.store([("rule", PENDING._replace(value=math.nan))], [], [], 1)
    assert math.isnan(database.alerts()["rule"][LABELS].value)


def test_an_alert_and_its_message_are_stored_together_or_not_at_all(database: StateDatabase, tmp_path: Path) -> None:
    database.store([("rule", PENDING)], [], [("team", "first")], 1)
    with pytest.raises(sqlite3.Error):
        database.store([("rule", FIRING)], [], [("team", "second"), ("team", None)], 2)  # type: ignore[list-item]
    assert reopened(tmp_path) == ({"rule": {LABELS: PENDING}}, {"team": 1})
    database.store([("rule", FIRING)], [], [("team", "second")], 3)
    assert reopened(tmp_path) == ({"rule": {LABELS: FIRING}}, {"team": 2})


def test_messages_wait_for_their_receiver_in_order_until_they_are_removed(database: StateDatabase) -> None:
    database.store([], [], [("team", "1"), ("boss", "2")], 10)
    database.store([], [], [("team", "3")], 20)
    bodies = []
    while message := database.next_notification("team"):
        assert database.next_notification("team") == message
        bodies.append((message.body, message.created_ms))
        database.remove_notification(message)
    assert bodies == [("1", 10), ("3", 20)]
    assert database.outbox_lengths() == {"boss": 1}


def test_messages_for_receivers_that_are_gone_can_be_dropped(database: StateDatabase) -> None:
    database.store([], [], [("team", "1"), ("gone", "2"), ("gone", "3")], 10)
    assert database.remove_notifications_except_for(["team", "new"]) == 2
    assert database.outbox_lengths() == {"team": 1}
