"""What series there are: `series`, `labels`, the values of a label, and `metadata`.

All parameters are Prometheus': `match[]`, `start` and `end` (both included, all of time where they are missing), and
`limit`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from monitor_collector.api.answers import BadParameter, Data, success
from monitor_collector.api.asking import Asked
from monitor_collector.api.parameters import FARTHEST_MS
from monitor_collector.promql import Labels, Matcher
from monitor_collector.queries import Query

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
EVERYTHING = [(Matcher("__name__", "!=", ""),)]


async def series(asked: Asked) -> bytes:
    if not asked.parameters.all("match[]"):
        raise BadParameter("no match[] parameter provided")
    return await _list(asked, lambda label_sets: [dict(labels) for labels in sorted(label_sets)])


async def labels(asked: Asked) -> bytes:
    return await _list(asked, lambda label_sets: sorted({name for labels in label_sets for name, _ in labels}))


async def label_values(asked: Asked) -> bytes:
    wanted = asked.request.path_params["name"]
    if not _LABEL_NAME.fullmatch(wanted):
        raise BadParameter(f'invalid label name: "{wanted}"')

    def values(label_sets: set[Labels]) -> list[str]:
        return sorted({value for labels in label_sets for name, value in labels if name == wanted})

    return await _list(asked, values)


async def _list(asked: Asked, choose: Callable[[set[Labels]], list[Any]]) -> bytes:
    """The answer with what is chosen from the label sets that are asked for; all made in the query's thread."""
    start_ms = asked.parameters.time_ms("start", -FARTHEST_MS)
    end_ms = asked.parameters.time_ms("end", FARTHEST_MS)
    limit = asked.parameters.limit()

    def work(query: Query) -> bytes:
        selectors = asked.parameters.selectors() or EVERYTHING
        found = query.label_sets(selectors, start_ms, end_ms) if start_ms <= end_ms else set()
        return success(Data.limited(choose(found), limit))

    return await asked.query(work)


async def metadata(asked: Asked) -> Data:
    """Type and help of metrics, as hosts have told them; of one metric, or of as many as the limit allows."""
    wanted = asked.parameters.text("metric")
    limit = asked.parameters.whole("limit")
    limit_per_metric = asked.parameters.whole("limit_per_metric")
    known = sorted(asked.collector.ingest.parser.metadata.items())
    found = {
        # There is one entry for each metric, and a negative limit is none.
        name: [] if limit_per_metric == 0 else [{"type": _type(entry.kind), "help": entry.help, "unit": ""}]
        for name, entry in known
        if not wanted or name == wanted
    }
    if limit is not None and limit >= 0:
        found = dict(list(found.items())[:limit])
    return Data(found)


def _type(kind: str) -> str:
    """Prometheus knows the text format's untyped as unknown."""
    return "unknown" if kind == "untyped" else kind
