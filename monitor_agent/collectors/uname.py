"""The kernel's name for itself and the host, from uname(2)."""

from __future__ import annotations

import os
from collections.abc import Iterable

from monitor_agent.collectors.files import read_text
from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(
    Metric("node_uname_info", "gauge", "Labeled system information as provided by the uname system call.")
)


@register("uname")
def collect(root: str, options: Options) -> Iterable[Row]:
    name = os.uname()
    labels = (
        ("domainname", read_text(f"{root}/proc/sys/kernel/domainname").strip()),  # os.uname() leaves it out
        ("machine", name.machine),
        ("nodename", name.nodename),
        ("release", name.release),
        ("sysname", name.sysname),
        ("version", name.version),
    )
    yield Row(COLUMNS, labels, ("1",))
