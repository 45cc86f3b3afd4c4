"""The kernel's name for itself and the host, from uname(2)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from monitor_agent.collectors.attributes import read_attribute
from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(
    Metric("node_uname_info", "gauge", "Labeled system information as provided by the uname system call.")
)
DOMAIN_NAME_SECONDS = 60.0


@register("uname")
class Uname(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._domain_name = ""
        self._read_again_at = 0.0

    def update(self) -> Iterable[Row]:
        name = os.uname()
        labels = (
            ("domainname", self._get_domain_name()),
            ("machine", name.machine),
            ("nodename", name.nodename),
            ("release", name.release),
            ("sysname", name.sysname),
            ("version", name.version),
        )
        yield Row(COLUMNS, labels, ("1",))

    def _get_domain_name(self) -> str:
        """os.uname() leaves it out; it is set while the host starts, if ever, and reading it is most of the work."""
        now = time.monotonic()
        if now >= self._read_again_at:
            self._domain_name = read_attribute(f"{self.root}/proc/sys/kernel/domainname")
            self._read_again_at = now + DOMAIN_NAME_SECONDS
        return self._domain_name
