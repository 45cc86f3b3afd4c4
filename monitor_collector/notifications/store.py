"""What the dispatcher remembers, in the state database.

The promise: that events were worked on, what is remembered of them and the messages about them are stored together or
not at all. So a collector that is killed at any moment goes on where it was: no event is told twice or forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from sqlite3 import Connection
from typing import Any, TypeVar

from monitor_collector.notifications.advance import Message, State
from monitor_collector.notifications.groups import Group, Told
from monitor_collector.notifications.known_alerts import AlertKey, KnownAlert, known
from monitor_collector.notifications.outbox import Outbox
from monitor_collector.notifications.routing import GroupKey
from monitor_collector.state import Event, StateDatabase, pairs_from

# Tables are only ever added to, so that the previous version can be started on the same file again.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notification_alerts (
    rule TEXT NOT NULL,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL,
    query TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    changed_ms TEXT NOT NULL,
    PRIMARY KEY (rule, labels)
);
CREATE TABLE IF NOT EXISTS notification_groups (
    receiver TEXT NOT NULL,
    key TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    notified_ms INTEGER,
    due_ms INTEGER,
    PRIMARY KEY (receiver, key)
);
CREATE TABLE IF NOT EXISTS notification_told (
    receiver TEXT NOT NULL,
    key TEXT NOT NULL,
    rule TEXT NOT NULL,
    labels TEXT NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (receiver, key, rule, labels)
);
"""

Key = TypeVar("Key")
Value = TypeVar("Value")


class Store:
    """Its methods may be called from any thread. Raises sqlite3.Error."""

    def __init__(self, database: StateDatabase, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        database.add_tables(_SCHEMA)

    def events(self) -> list[Event]:
        return self._database.events()

    def load(self) -> State:
        told: dict[GroupKey, dict[AlertKey, Told]] = {}
        for receiver, key, rule, labels, value in self._database.rows("SELECT * FROM notification_told"):
            told.setdefault(GroupKey(receiver, key), {})[AlertKey(rule, pairs_from(labels))] = value
        groups = {}
        for receiver, key, *times in self._database.rows("SELECT * FROM notification_groups"):
            groups[GroupKey(receiver, key)] = Group(*times, told.get(GroupKey(receiver, key), {}))
        alerts = {}
        for rule, labels, texts, *rest, changed in self._database.rows("SELECT * FROM notification_alerts"):
            alert = KnownAlert(rule, pairs_from(labels), pairs_from(texts), *rest, tuple(json.loads(changed)))
            alerts[alert.key] = alert
        return State(alerts, groups)

    def firing(self) -> dict[AlertKey, KnownAlert]:
        """What fired, according to the rules, before the events that wait happened."""
        alerts = {
            AlertKey(rule, labels): known(rule, alert, query="")
            for rule, found in self._database.alerts().items()
            for labels, alert in found.items()
            if alert.state == "firing"
        }
        for event in reversed(self._database.events()):
            key = AlertKey(event.rule, event.alert.labels)
            if event.is_firing:
                alerts.pop(key, None)
            else:
                alerts[key] = known(event.rule, event.alert, event.query)
        return alerts

    def commit(
        self, before: State, after: State, events: Iterable[Event], messages: Iterable[Message], now_ms: int
    ) -> None:
        """Stores a step: what it has changed, the messages it gave, and that the events were worked on."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM events WHERE id = ?", [(event.id,) for event in events])
            _store_alerts(connection, before, after)
            _store_groups(connection, before, after)
            self._outbox.add(connection, messages, now_ms)


def _store_alerts(connection: Connection, before: State, after: State) -> None:
    gone, changed = _difference(before.alerts, after.alerts)
    connection.executemany(
        "DELETE FROM notification_alerts WHERE rule = ? AND labels = ?", [_alert_columns(key) for key in gone]
    )
    rows = [
        (*_alert_columns(key), json.dumps(alert.annotations), *alert[3:-1], json.dumps(alert.changed_ms))
        for key, alert in changed.items()
    ]
    connection.executemany("INSERT OR REPLACE INTO notification_alerts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _store_groups(connection: Connection, before: State, after: State) -> None:
    gone, changed = _difference(before.groups, after.groups)
    connection.executemany("DELETE FROM notification_groups WHERE receiver = ? AND key = ?", gone)
    rows = [(*key, *group[:-1]) for key, group in changed.items()]
    connection.executemany("INSERT OR REPLACE INTO notification_groups VALUES (?, ?, ?, ?, ?)", rows)
    forgotten: list[tuple[str, ...]] = []
    told: list[tuple[str, ...]] = []
    for key in (*gone, *changed):
        old = before.groups[key].told if key in before.groups else {}
        new = after.groups[key].told if key in after.groups else {}
        removed, altered = _difference(old, new)
        forgotten += [(*key, *_alert_columns(alert)) for alert in removed]
        told += [(*key, *_alert_columns(alert), value) for alert, value in altered.items()]
    query = "DELETE FROM notification_told WHERE receiver = ? AND key = ? AND rule = ? AND labels = ?"
    connection.executemany(query, forgotten)
    connection.executemany("INSERT OR REPLACE INTO notification_told VALUES (?, ?, ?, ?, ?)", told)


def _difference(before: Mapping[Key, Value], after: Mapping[Key, Value]) -> tuple[list[Key], dict[Key, Value]]:
    """The keys that are gone, and what is new or has changed."""
    gone = [key for key in before if key not in after]
    return gone, {key: value for key, value in after.items() if key not in before or before[key] != value}


def _alert_columns(key: AlertKey) -> tuple[Any, ...]:
    return key.rule, json.dumps(key.labels)
