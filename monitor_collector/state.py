"""What must survive a restart besides the samples: the active alerts, and the outbox of notifications.

The promise: a change of alerts and the notifications that tell of it are stored together or not at all, durably,
before `store` returns. So no alert's message is forgotten by a crash, and none is made twice.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from monitor_collector.rules import Alert

# Tables are only ever added to, so that the previous version can be started on the same file again.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (
    rule TEXT NOT NULL,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL,
    state TEXT NOT NULL,
    value REAL,
    active_at_ms INTEGER NOT NULL,
    fired_at_ms INTEGER,
    keep_firing_since_ms INTEGER,
    PRIMARY KEY (rule, labels)
);
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_by_receiver ON outbox (receiver, id);
"""


class Notification(NamedTuple):
    """A message that waits for its receiver. `body` is JSON."""

    id: int
    created_ms: int
    body: str


class StateDatabase:
    """The file `state.sqlite`. Its methods may be called from any thread. Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def alerts(self) -> dict[str, dict[tuple[tuple[str, str], ...], Alert]]:
        """The active alerts by the key of their rule."""
        found: dict[str, dict[tuple[tuple[str, str], ...], Alert]] = {}
        with self._lock, closing(self._connection.execute("SELECT * FROM alerts")) as rows:
            for rule, labels, annotations, state, value, *times in rows:
                # SQLite stores a NaN as NULL.
                value = float("nan") if value is None else value
                alert = Alert(_pairs(labels), _pairs(annotations), state, value, *times)
                found.setdefault(rule, {})[alert.labels] = alert
        return found

    def store(
        self,
        changed: Iterable[tuple[str, Alert]],
        ended: Iterable[tuple[str, Alert]],
        notifications: Iterable[tuple[str, str]],
        now_ms: int,
    ) -> None:
        """Stores alerts (with their rule's key) that have changed or ended, and messages (receiver, JSON)."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(
                    "DELETE FROM alerts WHERE rule = ? AND labels = ?",
                    [(rule, json.dumps(alert.labels)) for rule, alert in ended],
                )
                self._connection.executemany(
                    "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        (rule, json.dumps(alert.labels), json.dumps(alert.annotations), *alert[2:])
                        for rule, alert in changed
                    ],
                )
                self._connection.executemany(
                    "INSERT INTO outbox (receiver, created_ms, body) VALUES (?, ?, ?)",
                    [(receiver, now_ms, body) for receiver, body in notifications],
                )
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def next_notification(self, receiver: str) -> Notification | None:
        """The oldest message that waits for this receiver."""
        query = "SELECT id, created_ms, body FROM outbox WHERE receiver = ? ORDER BY id LIMIT 1"
        with self._lock, closing(self._connection.execute(query, (receiver,))) as rows:
            row = rows.fetchone()
        return Notification(*row) if row else None

    def remove_notification(self, notification: Notification) -> None:
        """Of a message that was delivered or given up."""
        with self._lock:
            self._connection.execute("DELETE FROM outbox WHERE id = ?", (notification.id,))

    def remove_notifications_except_for(self, receivers: Iterable[str]) -> int:
        """Of the messages for receivers that do not exist any more; returns how many there were."""
        names = json.dumps(list(receivers))
        query = "DELETE FROM outbox WHERE receiver NOT IN (SELECT value FROM json_each(?))"
        with self._lock:
            return self._connection.execute(query, (names,)).rowcount

    def outbox_lengths(self) -> dict[str, int]:
        """How many messages wait, by receiver."""
        with self._lock:
            rows = self._connection.execute("SELECT receiver, count(*) FROM outbox GROUP BY receiver").fetchall()
        return dict(rows)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text))
