"""What is stored as JSON is looked at before anything is started on it, in whichever table it is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from monitor_collector.promql.matchers import Matcher
from monitor_collector.state import FILE_NAME, StateDamaged, StateDatabase, check_file
from tests.unit.collector.notifications.desk import MINUTE, Desk


@pytest.fixture
def file(desk: Desk) -> Path:
    """A state with something in every table."""
    desk.silence(Matcher("instance", "=", "web-9"))
    desk.happens("+High web-1")
    desk.later(MINUTE)
    desk.store("+High web-2")
    desk.database.close()
    return desk.directory / FILE_NAME


def documents(file: Path) -> list[tuple[str, str]]:
    """Table and column of each text that is a JSON document."""
    found = []
    with closing(sqlite3.connect(file)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = connection.execute(f"SELECT * FROM {table}")
            row = rows.fetchone()
            assert row or table.startswith("sqlite_"), f"{table} is empty"
            names = [name for name, *_ in rows.description]
            found += [(table, name) for name, text in zip(names, row or (), strict=False) if is_document(text)]
    return found


def is_document(text: Any) -> bool:
    with suppress(TypeError, ValueError):
        return isinstance(json.loads(text), list | dict)
    return False


def put(file: Path, table: str, column: str, text: bytes) -> bytes:
    """Puts a text in place of another, which is returned."""
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        number, before = connection.execute(f"SELECT rowid, {column} FROM {table}").fetchone()
        connection.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE rowid = ?", (text, number))
        connection.commit()
    return before


@pytest.mark.parametrize("opened", [StateDatabase, check_file])
def test_a_flipped_bit_in_any_document_is_found(file: Path, opened: Callable[[Path], Any]) -> None:
    columns = documents(file)
    assert len(columns) >= 9
    for table, column in columns:
        before = put(file, table, column, b"")
        put(file, table, column, bytes([before[0] ^ 0x40, *before[1:]]))
        with pytest.raises(StateDamaged, match=f"state.sqlite is damaged: {column} in {table}: Expecting value"):
            opened(file)
        put(file, table, column, before)
    check_file(file)


def test_a_text_that_is_none_is_found(file: Path) -> None:
    put(file, "events", "rule", b"caf\xc3")
    with pytest.raises(StateDamaged, match="rule in events: 'utf-8' codec"):
        StateDatabase(file)
