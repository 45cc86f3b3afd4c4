"""Delivery of notifications to real listeners."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from monitor_collector import notify
from monitor_collector.config import Receiver
from monitor_collector.metrics import Metrics
from monitor_collector.notify import Notifier, pause_seconds, public_address
from monitor_collector.samples import metric
from monitor_collector.state import StateDatabase
from tests.unit.collector.webhooks import PATIENCE_SECONDS, Listener


class Office:
    """A notifier with its database, run for as long as a test's work takes."""

    def __init__(self, tmp_path: Path) -> None:
        self.database = StateDatabase(tmp_path / "state.sqlite")
        self.metrics = Metrics()
        self.now_ms = 0
        self.notifier: Notifier

    def run(self, work: Callable[[], Awaitable[None]], *receivers: Receiver) -> None:
        async def everything() -> None:
            self.notifier = Notifier(self.database, self.metrics, lambda: self.now_ms)
            await self.notifier.configure(receivers)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await work()
            finally:
                await self.notifier.close()

        asyncio.run(everything())

    def write(self, receiver: str, *numbers: int) -> None:
        self.database.store([], [], [(receiver, f'{{"number": {number}}}') for number in numbers], self.now_ms)

    async def emptied(self, receiver: str) -> None:
        while self.database.next_notification(receiver):
            await asyncio.sleep(0.01)

    def count(self, name: str, receiver: str) -> float:
        return dict(self.metrics.samples()).get(metric(name, receiver=receiver), 0)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.database.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "pause_seconds", lambda failures, max_age_seconds: 0.01)


def numbers(listener: Listener) -> list[int]:
    return [message["number"] for message in listener.messages]


def test_messages_from_before_and_from_now_are_delivered_in_order(office: Office, listener: Listener) -> None:
    office.write("team", 1, 2)

    async def work() -> None:
        await office.emptied("team")
        office.write("team", 3)
        office.notifier.wake()
        await office.emptied("team")

    office.run(work, Receiver("team", listener.url, 60))
    assert numbers(listener) == [1, 2, 3]
    assert office.count("monitor_notifications_sent_total", "team") == 3


def test_a_message_is_tried_until_it_is_accepted_and_none_overtakes_it(office: Office, listener: Listener) -> None:
    listener.statuses = [500, 302, 404]
    office.write("team", 1, 2)
    office.run(lambda: office.emptied("team"), Receiver("team", listener.url, 60))
    assert numbers(listener) == [1, 1, 1, 1, 2]
    assert office.count("monitor_notifications_failed_total", "team") == 3


def test_a_receiver_that_hangs_delays_no_other(office: Office, listener: Listener) -> None:
    hanging = Listener()
    hanging.may_answer.clear()
    office.write("slow", 1)
    office.write("team", 2)
    office.run(
        lambda: office.emptied("team"), Receiver("slow", hanging.url, 3600), Receiver("team", listener.url, 3600)
    )
    hanging.close()
    assert numbers(listener) == [2]
    assert office.database.outbox_lengths() == {"slow": 1}


def test_a_message_that_is_too_old_is_given_up_counted_and_logged_without_its_secret(
    office: Office, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    listener.statuses = [500]
    office.write("team", 1)
    office.now_ms = 5001
    office.write("team", 2)
    office.run(lambda: office.emptied("team"), Receiver("team", listener.url, 5))
    assert numbers(listener) == [1, 2]
    assert office.count("monitor_notifications_given_up_total", "team") == 1
    assert "gave up a notification for team (http://127.0.0.1:" in caplog.text
    assert "secret-path" not in caplog.text


def test_nobody_listening_is_a_failure_like_any_other(office: Office, listener: Listener) -> None:
    other = Listener()
    address = other.url
    other.close()
    office.write("team", 1)

    async def work() -> None:
        while office.count("monitor_notifications_failed_total", "team") < 2:
            await asyncio.sleep(0.01)
        await office.notifier.configure((Receiver("team", listener.url, 60),))
        await office.emptied("team")

    office.run(work, Receiver("team", address, 60))
    assert numbers(listener) == [1]


def test_what_was_not_delivered_when_the_collector_stops_is_delivered_after_the_next_start(
    office: Office, listener: Listener
) -> None:
    listener.may_answer.clear()
    office.write("team", 1)

    async def until_it_was_sent() -> None:
        while not listener.messages:
            await asyncio.sleep(0.01)

    office.run(until_it_was_sent, Receiver("team", listener.url, 60))
    listener.may_answer.set()
    office.run(lambda: office.emptied("team"), Receiver("team", listener.url, 60))
    assert numbers(listener) == [1, 1]


def test_messages_for_a_receiver_that_was_removed_are_dropped(office: Office, listener: Listener) -> None:
    office.write("gone", 1)
    office.run(lambda: office.emptied("gone"), Receiver("team", listener.url, 60))
    assert listener.messages == []


@pytest.mark.parametrize(
    ("max_age_seconds", "expected"),
    [(86400, [1, 2, 4, 8, 16, 30, 30]), (5, [1, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25]), (1, [0.5] * 7)],
)
def test_pauses_double_up_to_a_limit_that_leaves_a_few_attempts(max_age_seconds: float, expected: list[float]) -> None:
    assert [pause_seconds(failures, max_age_seconds) for failures in range(1, 8)] == expected


def test_only_scheme_host_and_port_of_an_address_are_public() -> None:
    assert public_address("https://user:password@chat.example.org:8443/hooks/secret?token=x") == (
        "https://chat.example.org:8443"
    )
