"""What must survive a restart besides the samples: the file `state.sqlite`, and in it the active alerts and events.

The promise: a change of alerts and the events that tell of it are stored together or not at all, durably, before
`store` returns. So no alert's change is forgotten by a crash, and none is told of twice because of one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from monitor_collector.promql import Labels
from monitor_collector.rules import Alert

FILE_NAME = "state.sqlite"

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
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    is_firing INTEGER NOT NULL,
    rule TEXT NOT NULL,
    query TEXT NOT NULL,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL,
    state TEXT NOT NULL,
    value REAL,
    active_at_ms INTEGER NOT NULL,
    fired_at_ms INTEGER,
    keep_firing_since_ms INTEGER
);
"""

# Of all tables in the file, whoever they belong to.
_JSON_COLUMNS = {
    "alerts": ("labels", "annotations"),
    "events": ("labels", "annotations"),
    "notification_alerts": ("labels", "annotations", "changed_ms"),
    "notification_told": ("labels",),
    "outbox": ("body",),
    "silences": ("matchers",),
}


class Event(NamedTuple):
    """An alert of a rule, with that rule's query, has begun or ceased to fire. `id` is 0 until it is stored."""

    at_ms: int
    is_firing: bool
    rule: str
    query: str
    alert: Alert
    id: int = 0


class StateDamaged(Exception):
    """The file cannot be read; the text says which, and what is lost without it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is damaged: {reason}; without it the states of alerts, silences, and messages that wait are lost"
        )


class StateDatabase:
    """The file. Its methods may be called from any thread. Raises sqlite3.Error, at first StateDamaged too."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        _check(self._connection, path)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self.add_tables(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add_tables(self, schema: str) -> None:
        """Runs statements that leave what is there already as it is."""
        with self._lock:
            self._connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """What is done inside is durable when it is left, or was not done if that raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A COMMIT that failed for want of space has left the transaction open.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def alerts(self) -> dict[str, dict[Labels, Alert]]:
        """The active alerts by the key of their rule."""
        found: dict[str, dict[Labels, Alert]] = {}
        for rule, *columns in self.rows("SELECT * FROM alerts"):
            alert = _alert(columns)
            found.setdefault(rule, {})[alert.labels] = alert
        return found

    def events(self) -> list[Event]:
        """What has happened and was not worked on yet, in the order in which it did."""
        return [
            Event(at_ms, bool(is_firing), rule, query, _alert(columns), number)
            for number, at_ms, is_firing, rule, query, *columns in self.rows("SELECT * FROM events ORDER BY id")
        ]

    def store(
        self, changed: Iterable[tuple[str, Alert]], ended: Iterable[tuple[str, Alert]], events: Iterable[Event]
    ) -> None:
        """Stores alerts (with their rule's key) that have changed or ended, and the events among these changes."""
        with self.transaction() as connection:
            connection.executemany(
                "DELETE FROM alerts WHERE rule = ? AND labels = ?",
                [(rule, json.dumps(alert.labels)) for rule, alert in ended],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(rule, *_columns(alert)) for rule, alert in changed],
            )
            connection.executemany(
                "INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(event.at_ms, event.is_firing, event.rule, event.query, *_columns(event.alert)) for event in events],
            )


def check_file(path: Path) -> None:
    """Changes nothing, and may be called while a collector runs. Raises StateDamaged, and OSError where the file cannot
    be opened."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            _check(connection, path)
    except sqlite3.OperationalError as error:
        raise OSError(f"cannot read {path}: {error}") from None


def _check(connection: sqlite3.Connection, path: Path) -> None:
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise StateDamaged(path, str(error)) from None
    if found != "ok":
        raise StateDamaged(path, " ".join(found.split()))
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        _check_texts(connection, path, table)


def _check_texts(connection: sqlite3.Connection, path: Path, table: str) -> None:
    """SQLite looks at how its pages hang together, not at what is written in them."""
    connection.text_factory = bytes
    rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (a name of a table, from the file itself)
    names = [name for name, *_ in rows.description]
    try:
        for row in rows:
            for name, text in zip(names, row, strict=True):
                if name in _JSON_COLUMNS.get(table, ()):
                    json.loads(text)
                elif isinstance(text, bytes):
                    text.decode()
    except ValueError as error:
        raise StateDamaged(path, f"{name} in {table}: {error}") from None
    finally:
        connection.text_factory = str


def pairs_from(text: str) -> Labels:
    """Labels or annotations as they stand in a column."""
    return tuple((name, value) for name, value in json.loads(text))


def _columns(alert: Alert) -> tuple[Any, ...]:
    return json.dumps(alert.labels), json.dumps(alert.annotations), *alert[2:]


def _alert(columns: Sequence[Any]) -> Alert:
    labels, annotations, state, value, *times = columns
    # SQLite stores a NaN as NULL.
    return Alert(pairs_from(labels), pairs_from(annotations), state, float("nan") if value is None else value, *times)
