"""Events of the virtual memory, from those lines of /proc/vmstat whose names match `vmstat_fields`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.layouts import NamedLines
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Metric, Row


@register("vmstat")
class Vmstat(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._is_wanted = re.compile(options.vmstat_fields).search
        self._lines = NamedLines(self._make_metric)

    def update(self) -> Iterable[Row]:
        yield self._lines.row(self.read("proc/vmstat"))

    def _make_metric(self, field: str) -> Metric | None:
        if not self._is_wanted(field):
            return None
        return Metric(f"node_vmstat_{field}", "untyped", f"/proc/vmstat information field {field}.")
