"""`/federate`: the newest samples of chosen series in Prometheus' text format, for another Prometheus to scrape.

https://prometheus.io/docs/prometheus/latest/federation/
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from starlette.responses import PlainTextResponse, Response

from monitor_collector.api.answers import ApiError
from monitor_collector.api.asking import Asked
from monitor_collector.go_template.numbers import shortest
from monitor_collector.promql import METRIC_NAME, Labels
from monitor_collector.queries import Query

_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def federate(asked: Asked) -> Response:
    """The series of every `match[]`, with the times of their samples, unless they are stale or older than a query
    would look back. What Prometheus says in JSON elsewhere it says here in plain text."""
    now_ms = asked.collector.engine.present_ms

    def work(query: Query) -> str:
        return page(query.newest(asked.parameters.selectors(), now_ms))

    try:
        text = await asked.query(work)
    except ApiError as error:
        return PlainTextResponse(f"{error.reason}\n", error.status)
    return Response(text, media_type=_MEDIA_TYPE)


def page(samples: Iterable[tuple[Labels, int, float]]) -> str:
    """Labels, Unix milliseconds and value of each sample as text. A series without the label `instance` gets an empty
    one, so that who scrapes this does not take its samples for the collector's own."""
    named = sorted((dict(labels).get(METRIC_NAME, ""), labels, at_ms, value) for labels, at_ms, value in samples)
    lines: list[str] = []
    for name, group in groupby(named, key=lambda sample: sample[0]):
        lines.append(f"# TYPE {name} untyped\n")
        lines.extend(f"{name}{_labels(labels)} {_number(value)} {at_ms}\n" for _, labels, at_ms, value in group)
    return "".join(lines)


def _labels(labels: Labels) -> str:
    pairs = [(name, value) for name, value in labels if name != METRIC_NAME]
    if not any(name == "instance" for name, _ in pairs):
        pairs.append(("instance", ""))
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    # Both zeros are the same to Prometheus' writer.
    return "0" if value == 0 else shortest(value)
