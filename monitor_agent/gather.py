"""Runs the collectors, one after another; one that fails never stops the rest."""

from __future__ import annotations

import time

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row
from monitor_agent.log import Troubles

SCRAPE = Columns(
    Metric("node_scrape_collector_success", "gauge", "node_exporter: Whether a collector succeeded."),
    Metric("node_scrape_collector_duration_seconds", "gauge", "node_exporter: Duration of a collector scrape."),
)


class Gatherer:
    """All switched-on collectors. A failing one gives no samples but `node_scrape_collector_success` 0."""

    def __init__(self, names: list[str], options: Options, root: str = "") -> None:
        self._collectors = [(name, (("collector", name),), COLLECTORS[name]) for name in names]
        self._options = options
        self._root = root
        self._troubles = Troubles()

    def gather(self) -> list[Row]:
        """The rows of one collection, in the same order every time, the collectors' own success at the end."""
        rows: list[Row] = []
        outcomes: list[Row] = []
        for name, labels, collect in self._collectors:
            started = time.perf_counter()
            try:
                rows += list(collect(self._root, self._options))  # a list first: all of a collector or nothing
                success = "1"
                self._troubles.clear(name, f"collector {name} works again")
            except Exception as error:  # whatever a kernel or a file system comes up with
                success = "0"
                self._troubles.report(name, f"collector {name} failed: {error!r}")
            outcomes.append(Row(SCRAPE, labels, (success, f"{time.perf_counter() - started:.6f}")))
        return rows + outcomes
