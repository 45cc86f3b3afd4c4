"""The collector's figures about itself: counted in memory, served on `/metrics`, and stored like any other series."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator

from monitor_collector.go_template.numbers import plain
from monitor_collector.promql import Labels
from monitor_collector.samples import metric

# name: kind, help
FIGURES = {
    "monitor_collector_build_info": ("gauge", "Always 1; the label tells the version."),
    "monitor_ingest_batches_total": ("counter", "Pushes that were acknowledged."),
    "monitor_ingest_bytes_total": ("counter", "Bytes of acknowledged pushes, as they came."),
    "monitor_ingest_samples_total": ("counter", "Samples in acknowledged pushes."),
    "monitor_ingest_dropped_samples_total": ("counter", "Samples more than a day old or from the future."),
    "monitor_ingest_refused_batches_total": ("counter", "Pushes that were refused, by HTTP status."),
    "monitor_ingest_duration_seconds_sum": (
        "counter",
        "Time from having a push to answering it, of acknowledged ones.",
    ),
    "monitor_ingest_duration_seconds_count": ("counter", "Pushes whose time was taken."),
    "monitor_ingest_series_refused_batches_total": ("counter", "Pushes refused for their series: labels or number."),
    "monitor_head_series": ("gauge", "Series in memory."),
    "monitor_head_bytes": ("gauge", "Memory that the samples take."),
    "monitor_wal_bytes": ("gauge", "Size of the write-ahead log."),
    "monitor_wal_fsyncs_total": ("counter", "Times that the write-ahead log was made durable."),
    "monitor_wal_write_seconds_total": ("counter", "Time that writing to the log and making it durable took."),
    "monitor_wal_waiting_bytes": ("gauge", "Bytes of pushes that wait for the log."),
    "monitor_wal_damaged_bytes_total": ("counter", "Bytes of the log that the start found damaged and skipped."),
    "monitor_storage_size_bytes": ("gauge", "Size of the file system that holds the data directory."),
    "monitor_storage_free_bytes": ("gauge", "Bytes of it that can still be used."),
    "monitor_clock_ahead_seconds": ("gauge", "How far the collector's time is ahead of a clock that was set back."),
    "monitor_blocks": ("gauge", "Blocks of history on disk."),
    "monitor_blocks_bytes": ("gauge", "Size of the blocks."),
    "monitor_blocks_samples": ("gauge", "Samples in the blocks; those that are in two count twice until a merge."),
    "monitor_block_write_failures_total": ("counter", "Times that the head could not be written to a block."),
    "monitor_evaluation_duration_seconds": ("gauge", "How long the last evaluation of all rules took."),
    "monitor_evaluations_missed_total": ("counter", "Evaluations left out because the one before took too long."),
    "monitor_rule_evaluations_total": ("counter", "Evaluations of single rules."),
    "monitor_rule_evaluation_failures_total": ("counter", "Evaluations of single rules that failed."),
    "monitor_notifications_sent_total": ("counter", "Messages that a receiver has accepted."),
    "monitor_notifications_failed_total": ("counter", "Attempts to deliver a message that failed."),
    "monitor_notifications_given_up_total": ("counter", "Messages that could not be delivered in time."),
    "monitor_notifications_outbox": ("gauge", "Messages that wait to be delivered."),
    "monitor_notifications_outbox_oldest_seconds": ("gauge", "How long the oldest of them has waited, 0 if none."),
    "monitor_notifications_dispatch_failures_total": ("counter", "Times that events could not be made into messages."),
    "monitor_silences": ("gauge", "Silences that are active, or pending."),
    "monitor_alerts_suppressed": ("gauge", "Firing alerts that are not told, by the reason."),
    "monitor_heartbeat_success": ("gauge", "1 when the last heartbeat got through, else 0."),
    "monitor_heartbeat_last_success_timestamp_seconds": ("gauge", "When a heartbeat got through the last time."),
    "monitor_config_last_reload_successful": ("gauge", "0 after a configuration that could not be used, else 1."),
    "monitor_queries_total": ("counter", "Queries that people and programs have asked."),
    "process_cpu_seconds_total": ("counter", "Processor time used."),
    "process_resident_memory_bytes": ("gauge", "Memory in use."),
    "process_start_time_seconds": ("gauge", "When the collector was started."),
}

# An increase is only seen from a value that was there before; what has labels is begun by whoever knows them.
_FROM_THE_START = (
    "monitor_evaluations_missed_total",
    "monitor_rule_evaluations_total",
    "monitor_rule_evaluation_failures_total",
    "monitor_notifications_dispatch_failures_total",
    "monitor_queries_total",
)


class Counter:
    """A figure that is counted often: `value` may be added to by one thread, without a lock or a look-up."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Metrics:
    """Figures by name and labels. May be used from any thread."""

    def __init__(self) -> None:
        self._values: dict[Labels, float] = {}
        self._counters: dict[Labels, Counter] = {}
        self._lock = threading.Lock()
        self.set("process_start_time_seconds", time.time())
        for name in _FROM_THE_START:
            self.set(name, 0)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        series = metric(name, **labels)
        with self._lock:
            self._values[series] = self._values.get(series, 0) + amount

    def counter(self, name: str, **labels: str) -> Counter:
        """For who counts so often that `add` would cost too much. It is there from now on, beginning with 0."""
        with self._lock:
            return self._counters.setdefault(metric(name, **labels), Counter())

    def set(self, name: str, value: float, **labels: str) -> None:
        with self._lock:
            self._values[metric(name, **labels)] = value

    def forget(self, **labels: str) -> None:
        """Ends the series that have all these labels, of which `__name__` is one: what they tell of has gone."""
        with self._lock:
            for series in [one for one in self._values if labels.items() <= dict(one).items()]:
                del self._values[series]

    def samples(self) -> list[tuple[Labels, float]]:
        """All figures, those of the process as they are now."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self.set("process_cpu_seconds_total", usage.ru_utime + usage.ru_stime)
        self.set("process_resident_memory_bytes", resident_memory_bytes())
        with self._lock:
            counted = {series: counter.value for series, counter in self._counters.items()}
            return sorted({**self._values, **counted}.items())

    def page(self) -> str:
        """All figures in Prometheus' text format."""
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        before = ""
        for series, value in self.samples():
            labels = dict(series)
            name = labels.pop("__name__")
            if name != before:
                kind, text = FIGURES[name]
                yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
                before = name
            pairs = ",".join(f'{key}="{escaped(content)}"' for key, content in labels.items())
            yield f"{name}{{{pairs}}} {plain(value)}\n" if pairs else f"{name} {plain(value)}\n"


def resident_memory_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - read every second
        return int(file.read().split()[1]) * resource.getpagesize()


def escaped(text: str) -> str:
    """As the value of a label is written between quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
