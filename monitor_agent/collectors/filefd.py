"""Open files of the whole host and their limit, from /proc/sys/fs/file-nr."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.attributes import Attributes
from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.files import check_digits
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(
    Metric("node_filefd_allocated", "gauge", "File descriptor statistics: allocated."),
    Metric("node_filefd_maximum", "gauge", "File descriptor statistics: maximum."),
)


@register("filefd")
class Filefd(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._attributes = Attributes(root)

    def update(self) -> Iterable[Row]:
        allocated, _, maximum = self._attributes.read("proc/sys/fs/file-nr").split()
        values = (allocated, maximum)
        check_digits(values)
        yield Row(COLUMNS, (), values)
