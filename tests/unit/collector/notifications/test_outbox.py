"""Messages that wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.notifications.advance import Message
from monitor_collector.notifications.outbox import Outbox, Queue
from monitor_collector.state import StateDatabase


class Office(Outbox):
    def __init__(self, database: StateDatabase) -> None:
        super().__init__(database)
        self.database = database

    def write(self, now_ms: int, *messages: tuple[str, int]) -> None:
        with self.database.transaction() as connection:
            self.add(connection, [Message(channel, {"n": number}) for channel, number in messages], now_ms)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Office]:
    database = StateDatabase(tmp_path / "state.sqlite")
    yield Office(database)
    database.close()


def test_messages_wait_for_their_receiver_in_order_until_they_are_removed(outbox: Office) -> None:
    outbox.write(10, ("team", 1), ("boss", 2))
    outbox.write(20, ("team", 3))
    found = []
    while message := outbox.next("team"):
        assert outbox.next("team") == message
        found.append((message.payload, message.created_ms))
        outbox.remove(message)
    assert found == [({"n": 1}, 10), ({"n": 3}, 20)]
    assert outbox.queues() == {"boss": Queue(1, 10)}


def test_messages_for_channels_that_are_gone_can_be_dropped(outbox: Office) -> None:
    outbox.write(10, ("team", 1), ("gone", 2), ("gone", 3))
    assert outbox.remove_except_for(["team", "new"]) == 2
    assert outbox.queues() == {"team": Queue(1, 10)}


def test_the_first_version_of_the_collector_can_read_and_write_it(outbox: Office) -> None:
    """Its statements, so that it can be started again on the same file."""
    outbox.write(10, ("team", 1))
    with outbox.database.transaction() as connection:
        connection.execute("INSERT INTO outbox (receiver, created_ms, body) VALUES ('team', 20, '{}')")
    query = "SELECT id, created_ms, body FROM outbox WHERE receiver = ? ORDER BY id LIMIT 1"
    assert outbox.database.rows(query, ("team",)) == [(1, 10, '{"n": 1}')]
