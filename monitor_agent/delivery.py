"""One spool, and the thread that empties it into a collector."""

from __future__ import annotations

import threading

from monitor_agent.bell import Bell
from monitor_agent.connection import Connection
from monitor_agent.exposition import Columns, Metric, Row
from monitor_agent.failover import Failover
from monitor_agent.log import ERROR, log
from monitor_agent.push import Pusher
from monitor_agent.spool import Spool

PAUSE_AFTER_A_BUG_SECONDS = 60.0

COLUMNS = Columns(
    Metric("monitor_agent_batches_sent_total", "counter", "Batches that the collector has acknowledged."),
    Metric("monitor_agent_batches_retried_total", "counter", "Times that a batch was sent in vain and kept."),
    Metric("monitor_agent_batches_rejected_total", "counter", "Batches that the collector will never take."),
    Metric("monitor_agent_batches_dropped_total", "counter", "Batches lost: too old, no room for them, or torn."),
    Metric("monitor_agent_spool_bytes", "gauge", "Compressed bytes that wait for the collector."),
    Metric("monitor_agent_spool_batches", "gauge", "Batches that wait for the collector."),
    Metric("monitor_agent_spool_age_seconds", "gauge", "Age of the oldest batch that waits for the collector."),
    Metric("monitor_agent_push_duration_seconds", "gauge", "Time that the last push took."),
    Metric(
        "monitor_agent_clock_offset_seconds",
        "gauge",
        "The collector's clock minus the host's, as far as the Date of its answers shows; not there without a Date.",
    ),
)


class Delivery:
    """Hands over what is added to it, a while after it was added, until stopped."""

    def __init__(
        self, name: str, spool: Spool, connection: Connection | Failover, pusher: Pusher, offset_seconds: float
    ) -> None:
        self._labels = (("destination", name),) if name else ()
        self._spool = spool
        self._connection = connection
        self._pusher = pusher
        self._offset_seconds = offset_seconds
        self._spooled = Bell()
        self._stop = Bell()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def add(self, content: bytes, taken_ms: int) -> None:
        """Keeps a batch and has it sent; raises OSError when it is in memory only."""
        try:
            self._spool.add(content, taken_ms)
        finally:
            self._spooled.ring()

    def stop(self, patience_seconds: float) -> None:
        self._is_stopped = True
        self._stop.ring()
        self._spooled.ring()
        self._thread.join(patience_seconds)

    def row(self, now_ms: int) -> Row:
        pusher, spool = self._pusher, self._spool
        oldest_ms = spool.oldest_ms()
        values = [
            pusher.sent,
            pusher.retried,
            pusher.rejected,
            spool.dropped,
            spool.size_bytes,
            len(spool),
            0 if oldest_ms is None else max(now_ms - oldest_ms, 0) / 1000,
            f"{pusher.push_seconds:.6f}",
        ]
        if pusher.clock_offset_seconds is not None:
            values.append(f"{pusher.clock_offset_seconds:.3f}")
        return Row(COLUMNS, self._labels, values)

    def _run(self) -> None:
        while not self._is_stopped:
            self._spooled.wait()
            self._stop.wait(self._offset_seconds)
            while len(self._spool) and not self._is_stopped:
                pause_seconds = self._push()
                if pause_seconds:
                    self._stop.wait(pause_seconds)
        self._connection.close()

    def _push(self) -> float:
        try:
            return self._pusher.push_once()
        except Exception as error:  # a bug must be seen, and must not end the pushing for ever
            log(ERROR, f"pushing failed in a way that is a defect of the agent: {error!r}")
            return PAUSE_AFTER_A_BUG_SECONDS
