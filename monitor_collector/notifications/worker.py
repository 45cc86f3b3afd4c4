"""Delivers the messages of one channel, in order, for as long as that takes.

The promise: messages reach a receiver in the order they were written, at least once. One is given up, counted and
logged when it could not be delivered for the receiver's `max_age_seconds`, or when the receiver refuses it as wrong
time and again, so that it does not stand in the way of all others.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TypeVar

from monitor_collector.metrics import Metrics
from monitor_collector.notifications.attempts import Attempts
from monitor_collector.notifications.outbox import Outbox, Waiting
from monitor_collector.notifications.payload import Payload
from monitor_collector.notifications.receivers import Integration
from monitor_collector.notifications.secret_files import SecretError
from monitor_collector.notifications.senders import DeliveryError, sender_for

log = logging.getLogger(__name__)

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_LONGEST_PAUSE_SECONDS = 30.0
_SHORTEST_PAUSE_SECONDS = 0.5
# A receiver that is being mended may take afterwards what it has refused.
MOST_REFUSALS = 10


def pause_seconds(failures: int, max_age_seconds: float) -> float:
    """The pause after so many failures in a row: 1 s, doubling up to 30 s, but short enough that a message is tried
    a few times before it is too old."""
    longest = max(_SHORTEST_PAUSE_SECONDS, min(_LONGEST_PAUSE_SECONDS, max_age_seconds / 4))
    return min(2.0 ** min(failures - 1, 10), longest)


class Worker:
    """`wake` tells it that its queue has something new. What touches the database runs in `executor`; `still_firing`
    gives a message about all that the receiver was told of and that still fires, None if that is nothing."""

    def __init__(
        self,
        integration: Integration,
        attempts: Attempts,
        outbox: Outbox,
        metrics: Metrics,
        now_ms: Callable[[], int],
        executor: Executor,
        still_firing: Callable[[], Payload | None],
    ) -> None:
        self._integration = integration
        self._attempts = attempts
        self._outbox = outbox
        self._metrics = metrics
        self._now_ms = now_ms
        self._executor = executor
        self._still_firing = still_firing
        self._sender = sender_for(integration, now_ms)
        self._news = asyncio.Event()
        self._labels = {"receiver": integration.receiver, "integration": integration.kind}
        for name in ("sent", "failed", "given_up"):
            metrics.add(f"monitor_notifications_{name}_total", 0, **self._labels)
        self._resend_at = 0.0
        # Delivered or given up, and in the outbox still: it is not sent again because the disk was full meanwhile.
        self._finished: Waiting | None = None
        self._task = asyncio.create_task(self._run(), name=f"notify {integration.channel}")

    def wake(self) -> None:
        self._news.set()

    async def stop(self) -> None:
        """What was not delivered stays in the outbox."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._remove_finished()
        except sqlite3.Error as error:
            log.warning("the last notification for %s may be sent again: %s", self._integration.channel, error)
        self._sender.close()

    async def _run(self) -> None:
        failures = 0
        while True:
            self._news.clear()
            try:
                await self._work_off()
                await self._resend()
                failures = 0
            except Exception:
                # A worker that dies would never notify again; what went wrong, a full disk for one, may pass soon.
                log.exception("cannot work on the notifications for %s, trying again", self._integration.channel)
                failures += 1
                await asyncio.sleep(pause_seconds(failures, self._integration.max_age_seconds))
                continue
            await self._wait()

    async def _work_off(self) -> None:
        """Returns when the queue is empty."""
        while True:
            await self._remove_finished()
            message = await self._in_executor(self._outbox.next, self._integration.channel)
            if message is None:
                return
            await self._deliver(message)
            self._finished = message

    async def _remove_finished(self) -> None:
        if self._finished is not None:
            await self._in_executor(self._outbox.remove, self._finished)
            self._finished = None

    async def _wait(self) -> None:
        """Until there is something new, or what fires is to be sent again."""
        limit = None if self._sender.resend_seconds is None else max(self._resend_at - time.monotonic(), 0)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._news.wait()

    async def _deliver(self, message: Waiting) -> None:
        """Returns when the message was delivered or given up."""
        failures = refusals = 0
        while True:
            try:
                await self._attempt(message.payload)
            except (DeliveryError, SecretError) as error:
                trouble = error
            else:
                self._metrics.add("monitor_notifications_sent_total", **self._labels)
                return
            failures += 1
            refusals += isinstance(trouble, DeliveryError) and trouble.is_refusal
            age_seconds = (self._now_ms() - message.created_ms) / 1000
            if age_seconds > self._integration.max_age_seconds or refusals >= MOST_REFUSALS:
                self._metrics.add("monitor_notifications_given_up_total", **self._labels)
                name = self._integration.channel
                log.error("gave up a notification for %s after %.0f s: %s", name, age_seconds, trouble)
                return
            if failures == 1:
                log.warning("cannot notify %s, trying again: %s", self._integration.channel, trouble)
            await asyncio.sleep(pause_seconds(failures, self._integration.max_age_seconds))

    async def _resend(self) -> None:
        """Sends what still fires again, when its time has come, to a receiver that would forget it."""
        seconds = self._sender.resend_seconds
        if seconds is None or time.monotonic() < self._resend_at:
            return
        self._resend_at = time.monotonic() + seconds
        payload = self._still_firing()
        if payload is not None:
            try:
                await self._attempt(payload)
            except (DeliveryError, SecretError) as error:
                log.warning("cannot tell %s what still fires: %s", self._integration.channel, error)

    async def _attempt(self, payload: Payload) -> None:
        try:
            limit = min(self._integration.timeout_seconds, max(1.0, self._integration.max_age_seconds / 2))
            await self._attempts.run(lambda: self._sender.send(payload), limit)
        except (DeliveryError, SecretError):
            self._metrics.add("monitor_notifications_failed_total", **self._labels)
            raise
        except Exception as error:
            # Of a library that carries messages; its text may hold an address.
            self._metrics.add("monitor_notifications_failed_total", **self._labels)
            raise DeliveryError(f"{self._integration.kind}: {type(error).__name__}") from None

    async def _in_executor(self, call: Callable[[Argument], Result], argument: Argument) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, argument)
