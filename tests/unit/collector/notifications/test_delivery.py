"""Delivery of messages to real listeners."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from monitor_collector.metrics import Metrics
from monitor_collector.notifications import worker
from monitor_collector.notifications.advance import Message
from monitor_collector.notifications.delivery import Delivery
from monitor_collector.notifications.http_senders import WebhookSender
from monitor_collector.notifications.outbox import Outbox, Waiting
from monitor_collector.notifications.receivers import Integration
from monitor_collector.notifications.secret_files import Secret
from monitor_collector.notifications.worker import MOST_REFUSALS, pause_seconds
from monitor_collector.samples import metric
from monitor_collector.state import StateDatabase
from tests.unit.collector.webhooks import PATIENCE_SECONDS, Listener


class Office:
    """A delivery with its outbox, run for as long as a test's work takes."""

    def __init__(self, tmp_path: Path) -> None:
        self.database = StateDatabase(tmp_path / "state.sqlite")
        self.outbox = Outbox(self.database)
        self.metrics = Metrics()
        self.now_ms = 0
        self.firing: dict[str, Any] | None = None
        self.delivery: Delivery

    def run(self, work: Callable[[], Awaitable[None]], *integrations: Integration) -> None:
        async def everything() -> None:
            with ThreadPoolExecutor(1) as executor:
                self.delivery = Delivery(
                    self.outbox, self.metrics, lambda: self.now_ms, executor, lambda receiver: self.firing
                )
                await self.delivery.configure(integrations)
                try:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await work()
                finally:
                    await self.delivery.close()

        asyncio.run(everything())

    def write(self, channel: str, *numbers: int) -> None:
        with self.database.transaction() as connection:
            messages = [Message(channel, {"number": number, "alerts": []}) for number in numbers]
            self.outbox.add(connection, messages, self.now_ms)

    async def emptied(self, channel: str) -> None:
        while self.outbox.next(channel):
            await asyncio.sleep(0.01)

    def count(self, name: str, receiver: str, kind: str = "webhook") -> float:
        return dict(self.metrics.samples()).get(metric(name, receiver=receiver, integration=kind), 0)


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
    monkeypatch.setattr(worker, "pause_seconds", lambda failures, max_age_seconds: 0.01)


def webhook(name: str, url: str, **others: Any) -> Integration:
    return Integration(name, name, "webhook", Secret(url), **others)


def numbers(listener: Listener) -> list[int]:
    return [message["number"] for message in listener.messages]


def test_messages_from_before_and_from_now_are_delivered_in_order(office: Office, listener: Listener) -> None:
    office.write("team", 1, 2)

    async def work() -> None:
        await office.emptied("team")
        office.write("team", 3)
        office.delivery.wake()
        await office.emptied("team")

    office.run(work, webhook("team", listener.url))
    assert numbers(listener) == [1, 2, 3]
    assert office.count("monitor_notifications_sent_total", "team") == 3


def test_a_message_is_tried_until_it_is_accepted_and_none_overtakes_it(office: Office, listener: Listener) -> None:
    listener.statuses = [500, 302, 404, 429]
    office.write("team", 1, 2)
    office.run(lambda: office.emptied("team"), webhook("team", listener.url))
    assert numbers(listener) == [1, 1, 1, 1, 1, 2]
    assert office.count("monitor_notifications_failed_total", "team") == 4


def test_a_receiver_that_is_down_for_an_hour_gets_everything_in_order(office: Office, listener: Listener) -> None:
    down = Listener()
    address = down.url
    down.close()
    office.write("team", 1, 2)

    async def work() -> None:
        for minute in range(60):
            office.now_ms = minute * 60_000
            office.write("team", 3 + minute)
            office.delivery.wake()
        while office.count("monitor_notifications_failed_total", "team") < 10:
            await asyncio.sleep(0.01)
        await office.delivery.configure([webhook("team", listener.url)])
        await office.emptied("team")

    office.run(work, webhook("team", address))
    assert numbers(listener) == list(range(1, 63))
    assert office.count("monitor_notifications_given_up_total", "team") == 0


def test_a_receiver_that_hangs_delays_no_other(office: Office, listener: Listener) -> None:
    hanging = Listener()
    hanging.may_answer.clear()
    office.write("slow", 1)
    office.write("team", 2)

    async def work() -> None:
        await office.emptied("team")
        while not hanging.messages:
            await asyncio.sleep(0.01)

    office.run(work, webhook("slow", hanging.url), webhook("team", listener.url))
    hanging.close()
    assert numbers(listener) == [2]
    assert list(office.outbox.queues()) == ["slow"]


def test_no_new_attempt_overtakes_one_that_hangs_still_not_even_after_a_reload(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    begun: list[int] = []

    def send(sender: WebhookSender, payload: dict[str, Any]) -> None:
        begun.append(payload["number"])
        may_end.wait(PATIENCE_SECONDS)

    monkeypatch.setattr(WebhookSender, "send", send)
    office.write("team", 1, 2)

    async def failed(times: int) -> None:
        limit = office.count("monitor_notifications_failed_total", "team") + times
        while office.count("monitor_notifications_failed_total", "team") < limit:
            await asyncio.sleep(0.01)

    async def work() -> None:
        await failed(2)
        await office.delivery.configure([webhook("team", "http://other/", timeout_seconds=0.02)])
        await failed(2)
        assert begun == [1]
        may_end.set()
        await office.emptied("team")

    office.run(work, webhook("team", "http://team/", timeout_seconds=0.01))
    assert begun == [1, 1, 2]


def test_a_message_that_is_too_old_is_given_up_counted_and_logged_without_its_secret(
    office: Office, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    listener.statuses = [500]
    office.write("team", 1)
    office.now_ms = 5001
    office.write("team", 2)
    office.run(lambda: office.emptied("team"), webhook("team", listener.url, max_age_seconds=5))
    assert numbers(listener) == [1, 2]
    assert office.count("monitor_notifications_given_up_total", "team") == 1
    assert "gave up a notification for team after 5 s: http://127.0.0.1:" in caplog.text
    assert "secret-path" not in caplog.text


def test_a_message_that_the_receiver_calls_wrong_does_not_stop_the_others_for_days(
    office: Office, listener: Listener
) -> None:
    listener.statuses = [400] * MOST_REFUSALS
    office.write("team", 1, 2)
    office.run(lambda: office.emptied("team"), webhook("team", listener.url))
    assert numbers(listener) == [1] * MOST_REFUSALS + [2]
    assert office.count("monitor_notifications_given_up_total", "team") == 1


def test_what_was_not_delivered_when_the_collector_stops_is_delivered_after_the_next_start(
    office: Office, listener: Listener
) -> None:
    listener.may_answer.clear()
    office.write("team", 1)

    async def until_it_was_sent() -> None:
        while not listener.messages:
            await asyncio.sleep(0.01)

    office.run(until_it_was_sent, webhook("team", listener.url))
    listener.may_answer.set()
    office.run(lambda: office.emptied("team"), webhook("team", listener.url))
    assert numbers(listener) == [1, 1]


def test_what_was_delivered_is_not_delivered_again_by_a_worker_that_takes_over(
    office: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = office.outbox.remove
    is_full = True

    def remove_when_there_is_room(message: Waiting) -> None:
        if is_full:
            raise sqlite3.OperationalError("database or disk is full")
        remove(message)

    monkeypatch.setattr(office.outbox, "remove", remove_when_there_is_room)
    office.write("team", 1)

    async def work() -> None:
        nonlocal is_full
        while not office.count("monitor_notifications_sent_total", "team"):
            await asyncio.sleep(0.01)
        is_full = False
        office.write("team", 2)
        await office.delivery.configure([webhook("team", listener.url, timeout_seconds=5)])
        await office.emptied("team")

    monkeypatch.setattr(worker, "pause_seconds", lambda failures, max_age_seconds: PATIENCE_SECONDS)
    office.run(work, webhook("team", listener.url))
    assert numbers(listener) == [1, 2]


def test_messages_for_a_receiver_that_was_removed_are_dropped(office: Office, listener: Listener) -> None:
    office.write("gone", 1)
    office.run(lambda: office.emptied("gone"), webhook("team", listener.url))
    assert listener.messages == []


def test_a_secret_file_that_was_replaced_is_used_at_the_next_attempt(
    office: Office, listener: Listener, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "address"
    file.write_text("http://127.0.0.1:9/old-secret")
    file.chmod(0o600)
    office.write("team", 1)

    async def work() -> None:
        while office.count("monitor_notifications_failed_total", "team") < 2:
            await asyncio.sleep(0.01)
        file.write_text(listener.url)
        await office.emptied("team")

    office.run(work, Integration("team", "team", "webhook", Secret(file=file)))
    assert numbers(listener) == [1]
    assert "old-secret" not in caplog.text


def test_an_alertmanager_is_reminded_of_what_fires_and_no_webhook_is(
    office: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor_collector.notifications.http_senders.AlertmanagerSender.resend_seconds", 0.02)
    names = {"labels": {"alertname": "A"}, "annotations": {}, "startsAt": "s", "generatorURL": "g"}
    office.firing = {"alerts": [{**names, "status": "firing", "endsAt": "never"}]}
    office.now_ms = 1000

    async def work() -> None:
        while len(listener.messages) < 3:
            await asyncio.sleep(0.01)

    manager = Integration("team/alertmanager/0", "team", "alertmanager", Secret(listener.url))
    other = Listener()
    office.run(work, manager, webhook("other", other.url))
    other.close()
    assert other.messages == []
    assert listener.messages[0] == [{**names, "endsAt": "1970-01-01T00:04:01.000Z"}]


def test_a_receiver_that_is_wrong_in_a_way_nobody_thought_of_is_tried_again(
    office: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = WebhookSender.send
    calls: list[Any] = []

    def send(sender: WebhookSender, payload: dict[str, Any]) -> None:
        calls.append(payload)
        if len(calls) == 1:
            raise LookupError("secret-path")
        original(sender, payload)

    monkeypatch.setattr(WebhookSender, "send", send)
    office.write("team", 1)
    office.run(lambda: office.emptied("team"), webhook("team", listener.url))
    assert (numbers(listener), len(calls)) == ([1], 2)


def test_a_disk_that_is_full_when_a_message_was_delivered_neither_repeats_it_nor_holds_up_the_next(
    office: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = office.outbox.remove
    failures = [sqlite3.OperationalError("database or disk is full")] * 3

    def remove_when_there_is_room(message: Waiting) -> None:
        if failures:
            raise failures.pop()
        remove(message)

    monkeypatch.setattr(office.outbox, "remove", remove_when_there_is_room)
    office.write("team", 1, 2)
    office.run(lambda: office.emptied("team"), webhook("team", listener.url))
    assert (numbers(listener), failures) == ([1, 2], [])


@pytest.mark.parametrize(
    ("max_age_seconds", "expected"),
    [(86400, [1, 2, 4, 8, 16, 30, 30]), (5, [1, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25]), (1, [0.5] * 7)],
)
def test_pauses_double_up_to_a_limit_that_leaves_a_few_attempts(max_age_seconds: float, expected: list[float]) -> None:
    assert [pause_seconds(failures, max_age_seconds) for failures in range(1, 8)] == expected
