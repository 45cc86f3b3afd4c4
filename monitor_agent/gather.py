"""Runs the collectors, one after another; one that fails never stops the rest."""

from __future__ import annotations

import time
from collections.abc import Sequence

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Family
from monitor_agent.log import Troubles


class Gatherer:
    """All switched-on collectors. A failing one gives no samples but `node_scrape_collector_success` 0."""

    def __init__(self, names: Sequence[str], options: Options, root: str = "") -> None:
        self._names = list(names)
        self._options = options
        self._root = root
        self._troubles = Troubles()

    def gather(self) -> list[Family]:
        families: list[Family] = []
        success, duration = [], []
        for name in self._names:
            started = time.perf_counter()
            try:
                families += COLLECTORS[name](self._root, self._options)
                worked = 1
                self._troubles.clear(name, f"collector {name} works again")
            except (OSError, ValueError, IndexError, KeyError) as error:
                worked = 0
                self._troubles.report(name, f"collector {name} failed: {error!r}")
            labels = (("collector", name),)
            success.append((labels, worked))
            duration.append((labels, round(time.perf_counter() - started, 6)))
        help_text = "node_exporter: Whether a collector succeeded."
        families.append(Family("node_scrape_collector_success", "gauge", help_text, success))
        help_text = "node_exporter: Duration of a collector scrape."
        families.append(Family("node_scrape_collector_duration_seconds", "gauge", help_text, duration))
        return families
