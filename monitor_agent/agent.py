"""The agent at work: it collects on the grid, and deliveries hand over what their spools hold."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from monitor_agent import __version__
from monitor_agent.acknowledged import Acknowledged
from monitor_agent.compression import compress
from monitor_agent.config import ALL, Config, spool_directory
from monitor_agent.connection import Connection
from monitor_agent.delivery import Delivery
from monitor_agent.exposition import Columns, Metric, Renderer, Row, describe_all
from monitor_agent.failover import Failover
from monitor_agent.gather import Gatherer
from monitor_agent.log import INFO, log
from monitor_agent.push import Pusher
from monitor_agent.schedule import Grid, push_offset_seconds
from monitor_agent.spool import Spool
from monitor_agent.systemd import Notifier
from monitor_agent.troubles import TROUBLES, Troubles

DESCRIBE_EVERY_MS = 300_000  # HELP and TYPE go along so often, for a collector that was not there before
# A collector that hangs may hold up the rest so long, once; the next point must not be missed for it.
COLLECTOR_LIMIT_SECONDS, COLLECTOR_LIMIT_SHARE = 1.0, 0.5
STOP_PATIENCE_SECONDS = 0.5  # for a push under way; cut off, it is repeated after the next start

OWN = Columns(
    Metric("monitor_agent_start_time_seconds", "gauge", "When the agent started, in unixtime."),
    Metric("monitor_agent_collect_duration_seconds", "gauge", "Time that the last collection took, until spooled."),
)
BUILD = Columns(Metric("monitor_agent_build_info", "gauge", "The agent's version."))


class CannotRun(Exception):
    """Something that the agent needs from the beginning cannot be had; the text says what and why."""


class Agent:
    """Collects every interval until stopped; what has been collected is in the spool before anything else happens.

    Raises CannotRun when the spool's directory cannot be used.
    """

    def __init__(self, config: Config, notifier: Notifier, root: str = "") -> None:
        self._config = config
        self._notifier = notifier
        try:
            os.makedirs(config.spool_directory, mode=0o700, exist_ok=True)
            self._troubles = Troubles(os.path.join(config.spool_directory, TROUBLES))
            self._deliveries = make_deliveries(config, self._troubles)
        except OSError as error:
            raise CannotRun(f"the spool in {config.spool_directory} cannot be used: {error}") from error
        limit_seconds = min(COLLECTOR_LIMIT_SECONDS, config.interval_seconds * COLLECTOR_LIMIT_SHARE)
        self._gatherer = Gatherer(config.collectors, config.options, self._troubles, root, limit_seconds)
        self._renderer = Renderer(config.labels)
        self._endpoint = None
        self._is_ready = False
        self._collect_seconds = 0.0
        self._described_ms: int | None = None
        self._started_seconds = time.time()

    def run(self, wait_for_stop: Callable[[float], bool]) -> None:
        """Works until `wait_for_stop`, which takes the seconds to wait at most, returns true.

        What is spooled stays for the next start. Raises CannotRun when /metrics is asked for and cannot be offered.
        """
        log(
            INFO,
            f"monitor-agent {__version__} collects every {self._config.interval_seconds:g} s "
            f"and pushes to {describe_destinations(self._config)}",
        )
        self._listen()
        for delivery in self._deliveries:
            delivery.start()
        grid = Grid(self._config.interval_seconds)
        due_ms = grid.start(now_ms())
        is_stopped = False
        while not is_stopped:
            if due_ms is not None:
                self.collect(due_ms)
            if all(delivery.is_alive() for delivery in self._deliveries):
                self._notifier.feed_watchdog()
            wait_seconds = grid.wait_seconds(now_ms())
            if self._notifier.watchdog_seconds is not None:
                wait_seconds = min(wait_seconds, self._notifier.watchdog_seconds)
            is_stopped = wait_for_stop(wait_seconds)
            due_ms = grid.due(now_ms())
        self._notifier.tell("STOPPING=1")
        for delivery in self._deliveries:
            delivery.stop(STOP_PATIENCE_SECONDS)
        self._gatherer.close()
        if self._endpoint is not None:
            self._endpoint.close()
        self._notifier.close()

    def collect(self, timestamp_ms: int) -> None:
        """One collection into the spool."""
        started = time.perf_counter()
        rows = self._gatherer.gather(timestamp_ms) + self._own_rows(timestamp_ms)
        text = self._renderer.batch(rows, timestamp_ms)
        if self._described_ms is None or abs(timestamp_ms - self._described_ms) >= DESCRIBE_EVERY_MS:
            self._described_ms = timestamp_ms
            text = describe_all(self._gatherer.latest() + self._own_rows(timestamp_ms)) + text
        content = compress(text)
        for delivery in self._deliveries:
            self._hand_over(delivery, content, timestamp_ms)
        self._collect_seconds = time.perf_counter() - started
        if not self._is_ready:
            self._is_ready = True
            self._notifier.tell("READY=1")

    def page(self) -> str:
        """The last collection as Prometheus text, without timestamps. For any thread."""
        return self._renderer.page(self._gatherer.latest() + self._own_rows(now_ms()))

    def _hand_over(self, delivery: Delivery, content: bytes, timestamp_ms: int) -> None:
        try:
            delivery.add(content, timestamp_ms)
            self._troubles.clear("spool", "the spool can be written to again")
        except OSError as error:
            self._troubles.report("spool", f"the spool cannot be written to, the newest batches are in memory: {error}")

    def _listen(self) -> None:
        address = self._config.listen_address
        if address is None:
            return
        from monitor_agent.endpoint import Endpoint  # memory that an agent who only pushes need not pay

        try:
            self._endpoint = Endpoint(address, self._config.listen_token_file, self.page, self._troubles)
        except OSError as error:
            raise CannotRun(f"/metrics cannot be offered on {address[0]} port {address[1]}: {error}") from error
        self._endpoint.start()

    def _own_rows(self, timestamp_ms: int) -> list[Row]:
        return [
            Row(BUILD, (("version", __version__),), ("1",)),
            Row(OWN, (), (self._started_seconds, f"{self._collect_seconds:.6f}")),
            *(delivery.row(timestamp_ms) for delivery in self._deliveries),
        ]


def make_deliveries(config: Config, troubles: Troubles) -> list[Delivery]:
    """One for all collectors where they stand in for each other, one for each where each gets everything."""
    groups = [[each] for each in config.destinations] if config.push_mode == ALL else [config.destinations]
    deliveries = []
    for group in groups:
        name = group[0].name
        directory = spool_directory(config, group[0])
        spool = Spool(directory, config.spool_max_bytes, config.spool_max_age_seconds)
        connections = [Connection(each.url, each.timeout_seconds, each.ca_file, each.token_file) for each in group]
        connection = connections[0] if len(connections) == 1 else Failover(connections)
        pusher = Pusher(
            spool,
            connection,
            config.interval_seconds,
            config.backlog_bytes_per_second,
            troubles,
            Acknowledged(directory).note,
            subject=f"push {name}",
        )
        offset_seconds = push_offset_seconds(config.instance, config.interval_seconds)
        deliveries.append(Delivery(name, spool, connection, pusher, offset_seconds))
    return deliveries


def describe_destinations(config: Config) -> str:
    between = " and " if config.push_mode == ALL else ", or else to "
    return between.join(each.url.text for each in config.destinations)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def page(config: Config) -> str:
    """One collection as Prometheus text, for people."""
    return Renderer(config.labels).page(Gatherer(config.collectors, config.options, Troubles()).gather(now_ms()))


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
