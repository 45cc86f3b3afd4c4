"""What survives a restart."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.rules import Alert
from monitor_collector.state import Event, StateDatabase

LABELS = (("alertname", "High"), ("instance", "wéb-1"))
PENDING = Alert(LABELS, (("summary", "x"),), "pending", 3.0, 1000)
FIRING = PENDING._replace(state="firing", fired_at_ms=2000, value=math.inf)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[StateDatabase]:
    database = StateDatabase(tmp_path / "state.sqlite")
    yield database
    database.close()


def event(alert: Alert, is_firing: bool = True, at_ms: int = 5) -> Event:
    return Event(at_ms, is_firing, "rule", "load > 2", alert)


def reopened(tmp_path: Path) -> tuple[dict, list[Event]]:
    """What another process finds: the alerts and the events, without their numbers."""
    other = StateDatabase(tmp_path / "state.sqlite")
    found = other.alerts(), [one._replace(id=0) for one in other.events()]
    other.close()
    return found


def test_alerts_are_found_again_as_they_were_stored_last(database: StateDatabase, tmp_path: Path) -> None:
    database.store([("rule", PENDING)], [], [])
    database.store([("rule", FIRING)], [], [])
    assert reopened(tmp_path)[0] == {"rule": {LABELS: FIRING}}
    database.store([], [("rule", FIRING)], [])
    assert reopened(tmp_path)[0] == {}


def test_a_value_that_is_no_number_is_kept(database: StateDatabase) -> None:
    database.store([("rule", PENDING._replace(value=math.nan))], [], [])
    assert math.isnan(database.alerts()["rule"][LABELS].value)


def test_events_are_found_again_in_the_order_in_which_they_happened(database: StateDatabase, tmp_path: Path) -> None:
    events = [event(FIRING), event(PENDING, at_ms=3), event(FIRING, is_firing=False, at_ms=9)]
    database.store([], [], events[:2])
    database.store([], [], events[2:])
    assert reopened(tmp_path)[1] == events
    assert [one.id for one in database.events()] == [1, 2, 3]


def test_an_alert_and_its_event_are_stored_together_or_not_at_all(database: StateDatabase, tmp_path: Path) -> None:
    database.store([("rule", PENDING)], [], [event(PENDING)])
    with pytest.raises(sqlite3.Error):
        database.store([("rule", FIRING)], [], [event(FIRING), event(FIRING)._replace(query=None)])  # type: ignore[arg-type]
    assert reopened(tmp_path) == ({"rule": {LABELS: PENDING}}, [event(PENDING)])
    database.store([("rule", FIRING)], [], [event(FIRING)])
    assert reopened(tmp_path) == ({"rule": {LABELS: FIRING}}, [event(PENDING), event(FIRING)])


def test_tables_are_added_to_what_is_there(database: StateDatabase, tmp_path: Path) -> None:
    """The schema of the version before, which must go on being usable for it, as it was."""
    database.store([("rule", FIRING)], [], [])
    for _ in range(2):
        database.add_tables("CREATE TABLE IF NOT EXISTS more (id INTEGER PRIMARY KEY)")
    assert reopened(tmp_path)[0] == {"rule": {LABELS: FIRING}}
    names = "rule, labels, annotations, state, value, active_at_ms, fired_at_ms, keep_firing_since_ms"
    columns = [name for (_, name, *_) in database.rows("PRAGMA table_info(alerts)")]
    assert ", ".join(columns) == names
