"""The messages that wait to be delivered, in the order in which they were written, one queue for each channel."""

from __future__ import annotations

import json
from collections.abc import Iterable
from sqlite3 import Connection
from typing import NamedTuple

from monitor_collector.notifications.advance import Message
from monitor_collector.notifications.payload import Payload
from monitor_collector.state import StateDatabase

# Tables are only ever added to; `receiver` is the channel.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_by_receiver ON outbox (receiver, id);
"""


class Waiting(NamedTuple):
    """A message that waits."""

    id: int
    created_ms: int
    payload: Payload


class Queue(NamedTuple):
    """How long a channel's queue is, and since when its oldest message waits."""

    length: int
    oldest_ms: int


class Outbox:
    """Its methods may be called from any thread. Raises sqlite3.Error."""

    def __init__(self, database: StateDatabase) -> None:
        self._database = database
        database.add_tables(_SCHEMA)

    def add(self, connection: Connection, messages: Iterable[Message], now_ms: int) -> None:
        """As part of a transaction."""
        connection.executemany(
            "INSERT INTO outbox (receiver, created_ms, body) VALUES (?, ?, ?)",
            [(each.channel, now_ms, json.dumps(each.payload, ensure_ascii=False)) for each in messages],
        )

    def next(self, channel: str) -> Waiting | None:
        """The oldest message of a channel."""
        query = "SELECT id, created_ms, body FROM outbox WHERE receiver = ? ORDER BY id LIMIT 1"
        rows = self._database.rows(query, (channel,))
        return Waiting(rows[0][0], rows[0][1], json.loads(rows[0][2])) if rows else None

    def remove(self, message: Waiting) -> None:
        """Of a message that was delivered or given up."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM outbox WHERE id = ?", (message.id,))

    def remove_except_for(self, channels: Iterable[str]) -> int:
        """Of the messages for channels that do not exist any more; returns how many there were."""
        query = "DELETE FROM outbox WHERE receiver NOT IN (SELECT value FROM json_each(?))"
        with self._database.transaction() as connection:
            return connection.execute(query, (json.dumps(list(channels)),)).rowcount

    def queues(self) -> dict[str, Queue]:
        """Those in which something waits."""
        rows = self._database.rows("SELECT receiver, count(*), min(created_ms) FROM outbox GROUP BY receiver")
        return {channel: Queue(length, oldest_ms) for channel, length, oldest_ms in rows}
