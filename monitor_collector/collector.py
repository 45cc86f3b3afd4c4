"""The collector as a whole: what its parts are, and the order in which they begin and end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from monitor_collector import __version__, config, systemd
from monitor_collector.config import Configuration
from monitor_collector.documents import ConfigError
from monitor_collector.engine import Engine
from monitor_collector.head import Head
from monitor_collector.ingest import Ingest
from monitor_collector.metrics import Metrics
from monitor_collector.notify import Notifier
from monitor_collector.queries import Queries
from monitor_collector.state import StateDatabase
from monitor_collector.wal import Wal

log = logging.getLogger(__name__)

_WAL_FORGET_SECONDS = 60


def system_time_ms() -> int:
    return time.time_ns() // 1_000_000


class Collector:
    """Everything but the HTTP server. Raises OSError or sqlite3.Error if the data directory cannot be used."""

    def __init__(self, directory: Path, configuration: Configuration, now_ms: Callable[[], int]) -> None:
        settings = configuration.settings
        settings.data_directory.mkdir(parents=True, exist_ok=True)
        self.configuration = configuration
        self.now_ms = now_ms
        self.is_ready = False
        self.metrics = Metrics()
        self.metrics.set("monitor_collector_build_info", 1, version=__version__)
        self.head = Head(settings.head_window_seconds)
        self.queries = Queries(self.head)
        self._wal = Wal(settings.data_directory / "wal", settings.head_window_seconds)
        self._database = StateDatabase(settings.data_directory / "state.sqlite")
        self._notifier = Notifier(self._database, self.metrics, now_ms)
        self.ingest = Ingest(self.head, self._wal, self.metrics, now_ms)
        self.engine = Engine(self.head, self._database, self.metrics, self.ingest.arrivals, now_ms, self._notifier.wake)
        self._directory = directory
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins to take pushes, to evaluate and to notify, with what the run before has left."""
        await self.restore()
        self._tasks = [asyncio.create_task(self.engine.run(self._on_evaluated)), asyncio.create_task(self._tidy())]
        log.info(
            "monitor-collector %s is ready on %s:%d: %d hosts, %d rule groups, %d receivers",
            __version__,
            self.configuration.settings.host,
            self.configuration.settings.port,
            len(self.configuration.targets),
            len(self.configuration.groups),
            len(self.configuration.receivers),
        )

    async def restore(self) -> None:
        """Reads what the run before has left, and takes pushes from then on."""
        started = time.monotonic()
        # Nothing else writes to the head before `is_open`.
        count = await asyncio.to_thread(self._replay)
        if count:
            log.info("restored %d batches in %.1f s", count, time.monotonic() - started)
        await self._configure(self.configuration)
        self.engine.restore()
        self.ingest.is_open = True
        self.is_ready = True

    def _replay(self) -> int:
        count = 0
        for record in self._wal.replay():
            self.ingest.restore(record)
            count += 1
            if count % 10_000 == 0:
                self.head.forget(record.arrived_ms)
        self.head.forget(self.now_ms())
        return count

    async def stop(self) -> None:
        """Ends in good order: what was acknowledged is on disk already, what waits for the disk gets there."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.engine.close()
        await self._notifier.close()
        await self._wal.close()
        self.queries.close()
        self._database.close()

    async def reload(self) -> None:
        """Takes up a changed configuration. Raises ConfigError, and goes on as before, if anything in it is wrong."""
        try:
            configuration = await asyncio.to_thread(config.load, self._directory)
        except ConfigError as error:
            log.error("the configuration stays as it was, since the new one cannot be used:\n%s", error)
            raise
        if configuration.settings != self.configuration.settings:
            log.warning("collector.yml is read at the start only: restart the collector to use what has changed in it")
            configuration = configuration._replace(settings=self.configuration.settings)
        systemd.notify_reloading()
        await self._configure(configuration)
        systemd.notify("READY=1")
        log.info("the configuration was loaded again")

    async def _configure(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.ingest.credentials = configuration.credentials
        self.engine.configure(configuration)
        await self._notifier.configure(configuration.receivers)

    async def observe(self) -> None:
        """Brings the figures that are read, not counted, up to date."""
        self.metrics.set("monitor_head_series", self.head.series_count)
        self.metrics.set("monitor_head_bytes", self.head.memory_bytes)
        self.metrics.set("monitor_wal_bytes", self._wal.size_bytes)
        self.metrics.set("monitor_wal_fsyncs_total", self._wal.fsyncs)
        waiting = await asyncio.to_thread(self._database.outbox_lengths)
        for receiver in self.configuration.receivers:
            self.metrics.set("monitor_notifications_outbox", waiting.get(receiver.name, 0), receiver=receiver.name)

    async def _on_evaluated(self) -> None:
        # Sent from here, so that systemd restarts a collector whose evaluations hang, not only one that is gone.
        systemd.notify("WATCHDOG=1")
        await self.observe()

    async def _tidy(self) -> None:
        while True:
            await self._wal.forget(self.now_ms())
            await asyncio.sleep(_WAL_FORGET_SECONDS)
