"""One subject, one file: each module here reads one thing and registers itself under its name.

A collector is a function from a root directory (`/`, or a recorded tree in tests) and its options to families.
Names, labels and types are node_exporter's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable, Dict

from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Family

Collect = Callable[[str, Options], Iterable[Family]]

COLLECTORS: Dict[str, Collect] = {}


def register(name: str) -> Callable[[Collect], Collect]:
    def remember(collect: Collect) -> Collect:
        COLLECTORS[name] = collect
        return collect

    return remember


from monitor_agent.collectors import (  # noqa: E402 - they register themselves
    cpu,
    diskstats,
    filesystem,
    loadavg,
    meminfo,
    netdev,
    stat,
    time,
    uname,
)

__all__ = [
    "COLLECTORS",
    "Collect",
    "cpu",
    "diskstats",
    "filesystem",
    "loadavg",
    "meminfo",
    "netdev",
    "stat",
    "time",
    "uname",
]
