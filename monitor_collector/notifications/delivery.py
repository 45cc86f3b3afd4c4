"""The workers that deliver, one for each channel, so that a receiver that hangs delays no other, nor any rule."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from monitor_collector.metrics import Metrics
from monitor_collector.notifications.attempts import Attempts
from monitor_collector.notifications.outbox import Outbox
from monitor_collector.notifications.payload import Payload
from monitor_collector.notifications.receivers import Integration
from monitor_collector.notifications.worker import Worker

log = logging.getLogger(__name__)


class Delivery:
    """`still_firing` gives a message about all that a receiver was told of and that still fires, None for nothing."""

    def __init__(
        self,
        outbox: Outbox,
        metrics: Metrics,
        now_ms: Callable[[], int],
        executor: Executor,
        still_firing: Callable[[str], Payload | None],
    ) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._now_ms = now_ms
        self._executor = executor
        self._still_firing = still_firing
        self._workers: dict[Integration, Worker] = {}
        # They outlast a change of the configuration, so that no new worker overtakes an attempt of the old one.
        self._attempts: dict[str, Attempts] = {}

    async def configure(self, integrations: Iterable[Integration]) -> None:
        """Starts workers for new channels and stops those of channels that are gone or have changed."""
        wanted = list(integrations)
        await self._stop([integration for integration in self._workers if integration not in wanted])
        channels = [integration.channel for integration in wanted]
        loop = asyncio.get_running_loop()
        orphans = await loop.run_in_executor(self._executor, self._outbox.remove_except_for, channels)
        if orphans:
            log.warning("dropped %d notifications for receivers that are not configured any more", orphans)
        for integration in wanted:
            if integration not in self._workers:
                self._workers[integration] = self._worker(integration)

    def wake(self) -> None:
        """Says that the outbox has something new."""
        for worker in self._workers.values():
            worker.wake()

    async def close(self) -> None:
        """Stops; what was not delivered stays in the outbox."""
        await self._stop(list(self._workers))

    async def _stop(self, integrations: Iterable[Integration]) -> None:
        await asyncio.gather(*(self._workers.pop(integration).stop() for integration in integrations))

    def _worker(self, integration: Integration) -> Worker:
        attempts = self._attempts.setdefault(integration.channel, Attempts(f"notify {integration.channel}"))
        return Worker(
            integration,
            attempts,
            self._outbox,
            self._metrics,
            self._now_ms,
            self._executor,
            lambda: self._still_firing(integration.receiver),
        )
