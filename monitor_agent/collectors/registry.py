"""Where collectors make themselves known under their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Row

# From a root directory ("" for the host itself, a recorded tree in tests) and the options to rows.
Collect = Callable[[str, Options], Iterable[Row]]

COLLECTORS: dict[str, Collect] = {}


def register(name: str) -> Callable[[Collect], Collect]:
    def remember(collect: Collect) -> Collect:
        COLLECTORS[name] = collect
        return collect

    return remember
