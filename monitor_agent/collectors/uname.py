"""The kernel's name for itself and the host, from uname(2)."""

from __future__ import annotations

import os
from collections.abc import Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family


def domain_name(root: str) -> str:
    try:
        with open(f"{root}/proc/sys/kernel/domainname", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "(none)"


@register("uname")
def collect(root: str, options: Options) -> Iterable[Family]:
    name = os.uname()
    labels = (
        ("domainname", domain_name(root)),
        ("machine", name.machine),
        ("nodename", name.nodename),
        ("release", name.release),
        ("sysname", name.sysname),
        ("version", name.version),
    )
    help_text = "Labeled system information as provided by the uname system call."
    yield Family("node_uname_info", "gauge", help_text, [(labels, 1)])
