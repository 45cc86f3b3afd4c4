"""The agent at work: one thread collects on the grid, another hands over what the spool holds."""

from __future__ import annotations

import os
import signal
import threading
import time
import zlib
from collections.abc import Callable

from monitor_agent import __version__
from monitor_agent.config import Config
from monitor_agent.connection import Connection
from monitor_agent.exposition import Columns, Metric, Renderer, Row, describe_all
from monitor_agent.gather import Gatherer
from monitor_agent.log import ERROR, INFO, Troubles, log
from monitor_agent.push import Pusher
from monitor_agent.schedule import Grid, push_offset_seconds
from monitor_agent.spool import Spool
from monitor_agent.systemd import Notifier

COMPRESSION_LEVEL = 1  # measured: level 6 takes 2.7 times the CPU for 12 % fewer bytes
GZIP = 31  # zlib's name for the format
DESCRIBE_EVERY_MS = 300_000  # HELP and TYPE go along so often, for a collector that was not there before
PAUSE_AFTER_A_BUG_SECONDS = 60.0
# A collector that hangs may hold up the rest so long, once; the next point must not be missed for it.
COLLECTOR_LIMIT_SECONDS, COLLECTOR_LIMIT_SHARE = 1.0, 0.7
STOP_PATIENCE_SECONDS = 0.5  # for a push under way; cut off, it is repeated after the next start

OWN = Columns(
    Metric("monitor_agent_start_time_seconds", "gauge", "When the agent started, in unixtime."),
    Metric("monitor_agent_batches_sent_total", "counter", "Batches that the collector has acknowledged."),
    Metric("monitor_agent_batches_retried_total", "counter", "Times that a batch was sent in vain and kept."),
    Metric("monitor_agent_batches_rejected_total", "counter", "Batches that the collector will never take."),
    Metric("monitor_agent_batches_dropped_total", "counter", "Batches lost: too old, no room for them, or torn."),
    Metric("monitor_agent_spool_bytes", "gauge", "Compressed bytes that wait for the collector."),
    Metric("monitor_agent_push_duration_seconds", "gauge", "Time that the last push took."),
    Metric("monitor_agent_collect_duration_seconds", "gauge", "Time that the last collection took, until spooled."),
)
BUILD = Columns(Metric("monitor_agent_build_info", "gauge", "The agent's version."))


def compress(text: bytes) -> bytes:
    """One gzip member, without a time stamp, so that the same text is the same bytes."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, GZIP)
    return compressor.compress(text) + compressor.flush()


class Agent:
    """Collects every interval until stopped; what has been collected is in the spool before anything else happens.

    Raises OSError when the spool's directory cannot be used.
    """

    def __init__(self, config: Config, notifier: Notifier, root: str = "") -> None:
        self._config = config
        self._notifier = notifier
        limit_seconds = min(COLLECTOR_LIMIT_SECONDS, config.interval_seconds * COLLECTOR_LIMIT_SHARE)
        self._gatherer = Gatherer(config.collectors, config.options, root, limit_seconds)
        self._renderer = Renderer(config.labels)
        self._spool = Spool(config.spool_directory, config.spool_max_bytes, config.spool_max_age_seconds)
        self._connection = Connection(config.url, config.timeout_seconds, config.ca_file, config.token_file)
        self._pusher = Pusher(self._spool, self._connection.post, config.url.text, config.interval_seconds)
        self._push_thread = threading.Thread(target=self._push_until_stopped, name="push", daemon=True)
        self._troubles = Troubles()
        self._spooled = threading.Event()
        self._stop = threading.Event()
        self._is_ready = False
        self._collect_seconds = 0.0
        self._described_ms: int | None = None
        self._started_seconds = time.time()

    def run(self, wait_for_stop: Callable[[float], bool]) -> None:
        """Works until `wait_for_stop`, which takes the seconds to wait at most, returns true.

        What is spooled stays for the next start.
        """
        log(
            INFO,
            f"monitor-agent {__version__} collects every {self._config.interval_seconds:g} s "
            f"and pushes to {self._config.url.text}",
        )
        self._push_thread.start()
        grid = Grid(self._config.interval_seconds)
        due_ms = grid.start(now_ms())
        is_stopped = False
        while not is_stopped:
            if due_ms is not None:
                self.collect(due_ms)
            if self._push_thread.is_alive():
                self._notifier.feed_watchdog()
            wait_seconds = grid.wait_seconds(now_ms())
            if self._notifier.watchdog_seconds is not None:
                wait_seconds = min(wait_seconds, self._notifier.watchdog_seconds)
            is_stopped = wait_for_stop(wait_seconds)
            due_ms = grid.due(now_ms())
        self._notifier.tell("STOPPING=1")
        self._stop.set()
        self._spooled.set()
        self._push_thread.join(STOP_PATIENCE_SECONDS)
        self._notifier.close()

    def collect(self, timestamp_ms: int) -> None:
        """One collection into the spool."""
        started = time.perf_counter()
        rows = self._gatherer.gather(timestamp_ms) + self._own_rows()
        text = self._renderer.batch(rows, timestamp_ms)
        if self._described_ms is None or abs(timestamp_ms - self._described_ms) >= DESCRIBE_EVERY_MS:
            self._described_ms = timestamp_ms
            text = describe_all(rows) + text
        try:
            self._spool.add(compress(text), timestamp_ms)
            self._troubles.clear("spool", "the spool can be written to again")
        except OSError as error:
            self._troubles.report("spool", f"the spool cannot be written to, the newest batches are in memory: {error}")
        self._collect_seconds = time.perf_counter() - started
        self._spooled.set()
        if not self._is_ready:
            self._is_ready = True
            self._notifier.tell("READY=1")

    def _push_until_stopped(self) -> None:
        offset_seconds = push_offset_seconds(self._config.instance, self._config.interval_seconds)
        while not self._stop.is_set():
            self._spooled.wait()
            self._spooled.clear()
            self._stop.wait(offset_seconds)
            while len(self._spool) and not self._stop.is_set():
                self._stop.wait(self._push())
        self._connection.close()

    def _push(self) -> float:
        try:
            return self._pusher.push_once()
        except Exception as error:  # a bug must be seen, and must not end the pushing for ever
            log(ERROR, f"pushing failed in a way that is a defect of the agent: {error!r}")
            return PAUSE_AFTER_A_BUG_SECONDS

    def _own_rows(self) -> list[Row]:
        pusher, spool = self._pusher, self._spool
        return [
            Row(BUILD, (("version", __version__),), ("1",)),
            Row(
                OWN,
                (),
                (
                    self._started_seconds,
                    pusher.sent,
                    pusher.retried,
                    pusher.rejected,
                    spool.dropped,
                    spool.size_bytes,
                    f"{pusher.push_seconds:.6f}",
                    f"{self._collect_seconds:.6f}",
                ),
            ),
        ]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def page(config: Config) -> str:
    """One collection as Prometheus text, for people."""
    return Renderer(config.labels).page(Gatherer(config.collectors, config.options).gather(now_ms()))


def run_until_signalled(config: Config) -> None:
    """The agent as a service; SIGTERM and SIGINT end it. Leaves the process's signal mask as it was."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    # Waited for instead of handled: a handler runs in the middle of anything, and may find locks taken. Every thread
    # has to block them, so this comes before the first.
    mask_before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        agent = Agent(config, Notifier(os.environ))
        agent.run(lambda seconds: signal.sigtimedwait(numbers, seconds) is not None)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask_before)
