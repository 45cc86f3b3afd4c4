"""The dead man's switch: an outside address hears from the collector for as long as rules are evaluated well.

Whoever listens there (healthchecks.io, an Alertmanager elsewhere, a cron job) raises the alarm when it falls silent,
which it does when the collector is dead, hangs, or cannot evaluate.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from monitor_collector.metrics import Metrics
from monitor_collector.notifications.attempts import Attempts
from monitor_collector.notifications.http_senders import HttpClient
from monitor_collector.notifications.receivers import HeartbeatSettings
from monitor_collector.notifications.secret_files import SecretError
from monitor_collector.notifications.senders import DeliveryError

log = logging.getLogger(__name__)

# A beat that is lost is tried again so often within an interval.
_TRIES_PER_INTERVAL = 4


class Heartbeat:
    """`evaluated` says that an evaluation went well; between two beats there must be one."""

    def __init__(self, settings: HeartbeatSettings, metrics: Metrics, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._metrics = metrics
        self._now_ms = now_ms
        self._client = HttpClient(settings.http, settings.timeout_seconds)
        self._attempts = Attempts("heartbeat")
        self._is_well = asyncio.Event()
        self._was_lost = False
        self._task = asyncio.create_task(self._run(), name="heartbeat")

    def evaluated(self) -> None:
        self._is_well.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._client.close()
        for name in ("monitor_heartbeat_success", "monitor_heartbeat_last_success_timestamp_seconds"):
            self._metrics.forget(__name__=name)

    async def _run(self) -> None:
        interval_seconds = self._settings.interval_ms / 1000
        while True:
            await self._is_well.wait()
            # What is evaluated from here on counts for the next beat, which so need not wait for another one.
            self._is_well.clear()
            began = time.monotonic()
            was_heard = await self._beat()
            pause_seconds = interval_seconds if was_heard else interval_seconds / _TRIES_PER_INTERVAL
            await asyncio.sleep(began + pause_seconds - time.monotonic())

    async def _beat(self) -> bool:
        try:
            await self._attempts.run(self._request, self._settings.timeout_seconds)
            was_heard = True
        except Exception as error:
            was_heard = False
            if not self._was_lost:
                is_told = isinstance(error, DeliveryError | SecretError)  # else its text may hold the address
                log.warning("the heartbeat does not get through: %s", error if is_told else type(error).__name__)
        if was_heard:
            self._metrics.set("monitor_heartbeat_last_success_timestamp_seconds", self._now_ms() / 1000)
        self._was_lost = not was_heard
        self._metrics.set("monitor_heartbeat_success", float(was_heard))
        return was_heard

    def _request(self) -> None:
        self._client.request(self._settings.method, self._settings.url.read())
