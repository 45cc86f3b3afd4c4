"""Where collectors make themselves known under their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable

from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Family

# From a root directory (`/` is "", tests have recorded trees) and the options to families.
Collect = Callable[[str, Options], Iterable[Family]]

COLLECTORS: dict[str, Collect] = {}


def register(name: str) -> Callable[[Collect], Collect]:
    def remember(collect: Collect) -> Collect:
        COLLECTORS[name] = collect
        return collect

    return remember
