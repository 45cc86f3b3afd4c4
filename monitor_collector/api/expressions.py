"""Queries: `query`, `query_range`, `query_exemplars` and `format_query`."""

from __future__ import annotations

import promql_parser as syntax

from monitor_collector.api.answers import TRUNCATED, BadParameter, Data, success
from monitor_collector.api.asking import Asked
from monitor_collector.api.result_json import value_json
from monitor_collector.promql import parse
from monitor_collector.promql.source_text import for_parser, without_zero_offsets
from monitor_collector.queries import Query, Value

POINTS_LIMIT = 11_000
_NANOSECOND = 1e-9


async def query(asked: Asked) -> bytes:
    parameters = asked.parameters
    at_ms = parameters.time_ms("time", asked.collector.engine.present_ms)
    timeout_seconds, lookback_ms = parameters.seconds("timeout"), _lookback_ms(asked)
    text, limit = parameters.query(), parameters.limit()

    def work(query: Query) -> bytes:
        return _answer(query, query.instant(text, at_ms), at_ms, limit)

    asked.collector.metrics.add("monitor_queries_total")
    return await asked.query(work, timeout_seconds, lookback_ms)


async def query_range(asked: Asked) -> bytes:
    parameters = asked.parameters
    start_ms, end_ms = parameters.time_ms("start"), parameters.time_ms("end")
    if end_ms < start_ms:
        raise BadParameter.named("end", "end timestamp must not be before start time")
    step_seconds = _step_seconds(asked)
    if (end_ms - start_ms) / 1000 // step_seconds > POINTS_LIMIT:
        raise BadParameter(
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
    timeout_seconds, lookback_ms = parameters.seconds("timeout"), _lookback_ms(asked)
    text, limit = parameters.query(), parameters.limit()
    step_ms = max(int(step_seconds * 1000), 1)

    def work(query: Query) -> bytes:
        return _answer(query, query.range(text, start_ms, end_ms, step_ms), end_ms, limit)

    asked.collector.metrics.add("monitor_queries_total")
    return await asked.query(work, timeout_seconds, lookback_ms)


async def query_exemplars(asked: Asked) -> Data:
    """None, as samples come without exemplars; Grafana asks for them with every graph."""
    now_ms = asked.collector.now_ms()
    start_ms, end_ms = (asked.parameters.time_ms(name, now_ms) for name in ("start", "end"))
    if end_ms < start_ms:
        raise BadParameter("end timestamp must not be before start timestamp")
    text = asked.parameters.query()
    await asked.query(lambda _: parse(text))
    return Data([])


async def format_query(asked: Asked) -> Data:
    """The expression as Prometheus' own formatter would write it."""
    text = asked.parameters.query()
    # Parsed by both: only the first gives errors their positions, and refuses what no query may have.
    return Data(
        await asked.query(lambda _: parse(text) and without_zero_offsets(syntax.parse(for_parser(text)).prettify()))
    )


def _answer(query: Query, value: Value, at_ms: int, limit: int) -> bytes:
    # In the query's thread, as the text of a large answer takes a while to make.
    content, is_truncated = value_json(value, at_ms, query.limits, limit)
    return success(Data(content, (TRUNCATED,) if is_truncated else ()))


def _step_seconds(asked: Asked) -> float:
    seconds = asked.parameters.seconds("step")
    if seconds is None:
        raise BadParameter.named("step", 'cannot parse "" to a valid duration')
    if seconds < _NANOSECOND:
        raise BadParameter.named(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        )
    return seconds


def _lookback_ms(asked: Asked) -> int | None:
    seconds = asked.parameters.seconds("lookback_delta")
    if seconds is None or seconds <= 0:
        return None
    return max(int(seconds * 1000), 1)
