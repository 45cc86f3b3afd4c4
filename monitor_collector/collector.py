"""The collector as a whole: what its parts are, and the order in which they begin and end."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from monitor_collector import __version__, config, systemd
from monitor_collector.clock import Clock
from monitor_collector.config import Configuration, Settings
from monitor_collector.dashboard.live import Live
from monitor_collector.documents import ConfigError
from monitor_collector.engine import Engine
from monitor_collector.ingest import Ingest
from monitor_collector.metrics import Metrics
from monitor_collector.notifications.service import Notifications
from monitor_collector.probes.prober import Prober
from monitor_collector.promql import EvaluationError
from monitor_collector.queries import Queries
from monitor_collector.reserve import Reserve, room
from monitor_collector.samples import instance_of
from monitor_collector.state import FILE_NAME, StateDatabase
from monitor_collector.storage import Limits, Storage

log = logging.getLogger(__name__)

# How often systemd is told, while the log is read, that the start takes longer.
_EXTEND_START_SECONDS = 5
_GIGABYTE = 10**9


class Collector:
    """Everything but the HTTP server. Raises OSError or sqlite3.Error if the data directory cannot be used,
    HistoryDamaged if a block in it cannot be read, and StateDamaged if the state cannot."""

    def __init__(self, directory: Path, configuration: Configuration, clock: Clock) -> None:
        settings = configuration.settings
        settings.data_directory.mkdir(parents=True, exist_ok=True)
        self.configuration = configuration
        self._clock = clock
        self.now_ms = now_ms = clock.now_ms
        self.is_ready = False
        self.configured_ms = 0
        self.last_reload_succeeded = True
        self.metrics = Metrics()
        self.metrics.set("monitor_collector_build_info", 1, version=__version__)
        self.storage = Storage(settings.data_directory, _limits(settings), now_ms)
        self.queries = Queries(
            self.storage,
            settings.query_timeout_seconds,
            settings.query_max_samples,
            settings.query_lookback_seconds,
        )
        self._reserve = Reserve(settings.data_directory / "reserve")
        self._database = StateDatabase(settings.data_directory / FILE_NAME)
        self.notifications = Notifications(self._database, self.metrics, now_ms)
        self.ingest = Ingest(self.storage.head, self.storage.wal, self.metrics, now_ms, settings.push_limits)
        self.engine = Engine(
            self.storage,
            self._database,
            self.metrics,
            self.ingest.arrivals,
            self.ingest.awaited,
            now_ms,
            self.notifications.wake,
        )
        self.live = Live(self.storage, self.engine, self.notifications, self.ingest.arrivals)
        self.prober = Prober(self.storage, now_ms)
        self._directory = directory
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins to take pushes, to evaluate and to notify, with what the run before has left."""
        await self.restore()
        self._tasks = [
            asyncio.create_task(self.engine.run(self._on_evaluated)),
            asyncio.create_task(self.storage.keep_tidy()),
        ]
        log.info(
            "monitor-collector %s is ready on %s:%d: %d hosts, %d rule groups, %d receivers",
            __version__,
            self.configuration.settings.host,
            self.configuration.settings.port,
            len(self.configuration.targets),
            len(self.configuration.groups),
            len(self.configuration.notifications.receivers),
        )

    async def restore(self) -> None:
        """Reads what the run before has left, and takes pushes from then on."""
        started = time.monotonic()
        # Nothing else writes to the head before `is_open`.
        extending = asyncio.create_task(_ask_for_time())
        try:
            count = await asyncio.to_thread(self._replay)
        finally:
            extending.cancel()
        if count:
            log.info("restored %d batches in %.1f s", count, time.monotonic() - started)
        await self._configure(self.configuration)
        self.engine.restore()
        self.ingest.is_open = True
        self.is_ready = True

    def _replay(self) -> int:
        count = 0
        for record in self.storage.replay():
            self.ingest.restore(record)
            count += 1
        # Hosts that have not pushed since the last block was written were heard of before.
        try:
            for labels, seconds in self.storage.latest("monitor_last_batch_timestamp_seconds").items():
                # Hosts can push a series of this name too, with any value.
                if 0 <= seconds * 1000 <= self.now_ms():
                    self.ingest.arrivals.setdefault(instance_of(labels), round(seconds * 1000))
        except EvaluationError as error:
            log.error("when hosts were heard of is not known from before the start: %s", error)
        return count

    async def stop(self) -> None:
        """Ends in good order: what was acknowledged is on disk already, what waits for the disk gets there."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.prober.close()
        await self.live.close()
        await self.engine.close()
        await self.notifications.close()
        await self.queries.close()
        await self.storage.close()
        self._database.close()

    async def reload(self) -> None:
        """Takes up a changed configuration. Raises ConfigError, and goes on as before, if anything in it is wrong."""
        try:
            configuration = await asyncio.to_thread(config.load, self._directory)
        except ConfigError as error:
            log.error("the configuration stays as it was, since the new one cannot be used:\n%s", error)
            self.last_reload_succeeded = False
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
        self.configured_ms = self.now_ms()
        self.last_reload_succeeded = True
        self.ingest.credentials = configuration.credentials
        self.engine.configure(configuration)
        self.live.configure(configuration)
        self.prober.configure(configuration.probes, {one.instance: one.labels for one in configuration.targets})
        await self.notifications.configure(configuration.notifications, configuration.settings.external_url)

    async def observe(self) -> None:
        """Brings the figures that are read, not counted, up to date."""
        disk = room(self.configuration.settings.data_directory)
        self._reserve.adapt(disk.free_bytes)
        self.metrics.set("monitor_storage_size_bytes", disk.size_bytes)
        self.metrics.set("monitor_storage_free_bytes", disk.free_bytes)
        self.metrics.set("monitor_config_last_reload_successful", float(self.last_reload_succeeded))
        self.metrics.set("monitor_clock_ahead_seconds", self._clock.ahead_ms / 1000)
        storage = self.storage
        self.metrics.set("monitor_head_series", storage.head.series_count)
        self.metrics.set("monitor_head_bytes", storage.head.memory_bytes)
        self.metrics.set("monitor_wal_bytes", storage.wal.size_bytes)
        self.metrics.set("monitor_wal_fsyncs_total", storage.wal.fsyncs)
        self.metrics.set("monitor_wal_write_seconds_total", storage.wal.write_seconds)
        self.metrics.set("monitor_wal_waiting_bytes", storage.wal.waiting_bytes)
        self.metrics.set("monitor_wal_damaged_bytes_total", storage.wal.damaged_bytes)
        self.metrics.set("monitor_blocks", len(storage.history.blocks))
        self.metrics.set("monitor_blocks_bytes", storage.history.size_bytes)
        self.metrics.set("monitor_blocks_samples", storage.history.sample_count)
        self.metrics.set("monitor_block_write_failures_total", storage.failed_cuts)
        await self.notifications.observe()

    async def _on_evaluated(self) -> None:
        # Sent from here, so that systemd restarts a collector whose evaluations hang, not only one that is gone.
        systemd.notify("WATCHDOG=1")
        if self.engine.is_storing:
            self.notifications.evaluated()
        self.live.wake()
        await self.observe()
        self._clock.settle(self.storage.head.host_times_ms)


def _limits(settings: Settings) -> Limits:
    gigabytes = settings.retention_gigabytes
    return Limits(
        settings.head_window_seconds,
        round(settings.retention_days * 86400),
        None if gigabytes is None else round(gigabytes * _GIGABYTE),
    )


async def _ask_for_time() -> None:
    while True:
        await asyncio.sleep(_EXTEND_START_SECONDS)
        systemd.notify(f"EXTEND_TIMEOUT_USEC={4 * _EXTEND_START_SECONDS * 1_000_000}")
