"""Silences in the state database. Those that have ended are kept for five days, as Alertmanager does."""

from __future__ import annotations

import json
import uuid

from monitor_collector.notifications.silences import Silence, check
from monitor_collector.promql.matchers import Matcher
from monitor_collector.state import StateDatabase

RETENTION_MS = 120 * 3_600_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS silences (
    id TEXT PRIMARY KEY,
    matchers TEXT NOT NULL,
    starts_ms INTEGER NOT NULL,
    ends_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    comment TEXT NOT NULL
);
"""


class SilenceNotFound(Exception):
    """There is no silence with that id."""


class SilenceStore:
    """Its methods may be called from any thread. Raises sqlite3.Error."""

    def __init__(self, database: StateDatabase) -> None:
        self._database = database
        database.add_tables(_SCHEMA)

    def all(self) -> list[Silence]:
        rows = self._database.rows("SELECT * FROM silences ORDER BY starts_ms, id")
        return [
            Silence(number, tuple(Matcher(*each) for each in json.loads(matchers)), *rest)
            for number, matchers, *rest in rows
        ]

    def set(self, silence: Silence, now_ms: int) -> str:
        """Adds a silence, or changes the one whose id it has; returns the id it has from then on.

        What alerts were silenced by in the past cannot be changed: a silence that is active or over and is to have
        other matchers or another start ends, and a new one takes its place. Raises InvalidSilence, SilenceNotFound.
        """
        silence = silence._replace(updated_ms=now_ms)
        check(silence, now_ms)
        before = next((each for each in self.all() if each.id == silence.id), None)
        if silence.id and before is None:
            raise SilenceNotFound(silence.id)
        with self._database.transaction() as connection:
            if before is not None and not _may_become(before, silence, now_ms):
                if before.state(now_ms) != "expired":
                    connection.execute(*_ending(before, now_ms))
                before = None
            if before is None:
                silence = silence._replace(id=str(uuid.uuid4()), starts_ms=max(silence.starts_ms, now_ms))
            row = (silence.id, json.dumps(silence.matchers), *silence[2:])
            connection.execute("INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("DELETE FROM silences WHERE ends_ms < ?", (now_ms - RETENTION_MS,))
        return silence.id

    def expire(self, number: str, now_ms: int) -> None:
        """Ends a silence now. One that is over stays as it is. Raises SilenceNotFound."""
        silence = next((each for each in self.all() if each.id == number), None)
        if silence is None:
            raise SilenceNotFound(number)
        if silence.state(now_ms) != "expired":
            with self._database.transaction() as connection:
                connection.execute(*_ending(silence, now_ms))


def _may_become(before: Silence, after: Silence, now_ms: int) -> bool:
    state = before.state(now_ms)
    if state == "expired" or sorted(before.matchers) != sorted(after.matchers):
        return False
    if state == "active":
        return before.starts_ms == after.starts_ms
    return after.starts_ms >= now_ms


def _ending(silence: Silence, now_ms: int) -> tuple[str, tuple[int, int, int, str]]:
    # A silence that has not begun ends at its beginning, which is now too.
    starts_ms = min(silence.starts_ms, now_ms)
    query = "UPDATE silences SET starts_ms = ?, ends_ms = ?, updated_ms = ? WHERE id = ?"
    return query, (starts_ms, now_ms, now_ms, silence.id)
