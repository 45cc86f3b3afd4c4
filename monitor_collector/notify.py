"""Delivers notifications: one worker for each receiver, so that one that hangs delays no other, nor any rule.

The promise: messages reach a receiver in the order they were written, at least once, or are given up, counted and
logged when they could not be delivered for the receiver's `max_age_seconds`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from monitor_collector.config import Receiver
from monitor_collector.metrics import Metrics
from monitor_collector.state import Notification, StateDatabase

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 30.0
_SHORTEST_PAUSE_SECONDS = 0.5
_LONGEST_REQUEST_SECONDS = 10.0


def pause_seconds(failures: int, max_age_seconds: float) -> float:
    """The pause after so many failures in a row: 1 s, doubling up to 30 s, but short enough that a message is tried
    a few times before it is too old."""
    longest = max(_SHORTEST_PAUSE_SECONDS, min(_LONGEST_PAUSE_SECONDS, max_age_seconds / 4))
    return min(2.0 ** min(failures - 1, 10), longest)


def public_address(url: str) -> str:
    """Scheme and host of an address, whose path may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


class Notifier:
    """Keeps the workers. `wake` tells them that the outbox has something new."""

    def __init__(self, database: StateDatabase, metrics: Metrics, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._metrics = metrics
        self._now_ms = now_ms
        self._client = httpx.AsyncClient(follow_redirects=False)
        self._workers: dict[Receiver, tuple[asyncio.Task[None], asyncio.Event]] = {}

    async def configure(self, receivers: tuple[Receiver, ...]) -> None:
        """Starts workers for new receivers and stops those of receivers that are gone or have changed."""
        await self._stop([receiver for receiver in self._workers if receiver not in receivers])
        names = [receiver.name for receiver in receivers]
        orphans = await asyncio.to_thread(self._database.remove_notifications_except_for, names)
        if orphans:
            log.warning("dropped %d notifications for receivers that are not configured any more", orphans)
        for receiver in receivers:
            if receiver not in self._workers:
                event = asyncio.Event()
                event.set()
                task = asyncio.create_task(self._deliver_forever(receiver, event), name=f"notify {receiver.name}")
                self._workers[receiver] = (task, event)

    def wake(self) -> None:
        for _, event in self._workers.values():
            event.set()

    async def close(self) -> None:
        """Stops; what was not delivered stays in the outbox."""
        await self._stop(list(self._workers))
        await self._client.aclose()

    async def _stop(self, receivers: list[Receiver]) -> None:
        tasks = [self._workers.pop(receiver)[0] for receiver in receivers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver_forever(self, receiver: Receiver, event: asyncio.Event) -> None:
        while True:
            await event.wait()
            event.clear()
            try:
                while notification := await asyncio.to_thread(self._database.next_notification, receiver.name):
                    await self._deliver(receiver, notification)
                    await asyncio.to_thread(self._database.remove_notification, notification)
            except Exception:
                # A worker that dies would never notify again; what went wrong may pass.
                log.exception("cannot work on the notifications for %s, trying again", receiver.name)
                await asyncio.sleep(_LONGEST_PAUSE_SECONDS)
                event.set()

    async def _deliver(self, receiver: Receiver, notification: Notification) -> None:
        """Returns when the message was delivered or given up."""
        failures = 0
        while trouble := await self._attempt(receiver, notification):
            failures += 1
            self._metrics.add("monitor_notifications_failed_total", receiver=receiver.name)
            age_seconds = (self._now_ms() - notification.created_ms) / 1000
            if age_seconds > receiver.max_age_seconds:
                self._metrics.add("monitor_notifications_given_up_total", receiver=receiver.name)
                log.error(
                    "gave up a notification for %s (%s) after %.0f s: %s",
                    receiver.name,
                    public_address(receiver.url),
                    age_seconds,
                    trouble,
                )
                return
            if failures == 1:
                log.warning(
                    "cannot notify %s (%s), trying again: %s", receiver.name, public_address(receiver.url), trouble
                )
            await asyncio.sleep(pause_seconds(failures, receiver.max_age_seconds))
        self._metrics.add("monitor_notifications_sent_total", receiver=receiver.name)

    async def _attempt(self, receiver: Receiver, notification: Notification) -> str:
        """What went wrong, "" if nothing did."""
        limit = min(_LONGEST_REQUEST_SECONDS, max(1.0, receiver.max_age_seconds / 2))
        try:
            # httpx limits each read and write; a receiver that trickles its answer could hang on for ever.
            async with asyncio.timeout(limit):
                answer = await self._client.post(
                    receiver.url,
                    content=notification.body.encode(),
                    headers={"Content-Type": "application/json"},
                    timeout=limit,
                )
        except TimeoutError:
            return f"no answer within {limit:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__ + f": {error}".replace(receiver.url, public_address(receiver.url))
        return "" if answer.is_success else f"it answered {answer.status_code}"
