"""The HTTP API, compatible with Prometheus': the same paths, parameters, answers, errors and status codes.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from monitor_collector import __version__, liveness
from monitor_collector.collector import Collector
from monitor_collector.documents import ConfigError
from monitor_collector.durations import duration_ms, duration_text
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.promql import (
    EvaluationError,
    Labels,
    Matrix,
    QueryError,
    Scalar,
    Series,
    Vector,
    parse_selector,
)
from monitor_collector.query_limits import QueryTimeout
from monitor_collector.rule_files import AlertingRule, RecordingRule, Rule, RuleGroup
from monitor_collector.rules import Alert
from monitor_collector.templates import plain

_NEVER = "0001-01-01T00:00:00Z"
_FOREVER_MS = 2**62
_POINTS_LIMIT = 11_000
_FORM_MAX_BYTES = 1024 * 1024


class BadParameter(Exception):
    """A parameter of a request that is missing or wrong."""


class Api:
    """The handlers; `routes` says which path each is for."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def routes(self) -> list[Route]:
        asked = {
            "/api/v1/query": self._query,
            "/api/v1/query_range": self._query_range,
            "/api/v1/series": self._series,
            "/api/v1/labels": self._labels,
        }
        read = {
            "/api/v1/label/{name}/values": self._label_values,
            "/api/v1/metadata": self._metadata,
            "/api/v1/rules": self._rules,
            "/api/v1/alerts": self._alerts,
            "/api/v1/targets": self._targets,
            "/api/v1/status/buildinfo": self._build_information,
        }
        return [
            *(Route(path, self._answering(handler), methods=["GET", "POST"]) for path, handler in asked.items()),
            *(Route(path, self._answering(handler), methods=["GET"]) for path, handler in read.items()),
            Route("/metrics", self._metrics, methods=["GET"]),
            Route("/-/healthy", self._healthy, methods=["GET"]),
            Route("/-/ready", self._ready, methods=["GET"]),
            Route("/-/reload", self._reload, methods=["POST"]),
        ]

    def _answering(
        self, handler: Callable[[QueryParams, Request], Awaitable[Any]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not self._collector.is_ready:
                return PlainTextResponse("Service Unavailable", 503)
            try:
                data = await handler(await _parameters(request), request)
            except (BadParameter, QueryError) as error:
                if isinstance(error, EvaluationError):
                    return _failure(422, "execution", str(error))
                return _failure(400, "bad_data", str(error))
            except QueryTimeout as error:
                return _failure(503, "timeout", str(error))
            return JSONResponse({"status": "success", "data": data})

        return answer

    async def _query(self, parameters: QueryParams, _: Request) -> Any:
        at_ms = _time_ms(parameters, "time", self._collector.now_ms())
        self._collector.metrics.add("monitor_queries_total")
        text = _required(parameters, "query")
        value = await self._collector.queries.run(lambda query: query.instant(text, at_ms), _limit(parameters))
        return _result(value, at_ms)

    async def _query_range(self, parameters: QueryParams, _: Request) -> Any:
        text = _required(parameters, "query")
        start_ms, end_ms = (_time_ms(parameters, name) for name in ("start", "end"))
        step_ms = _step_ms(parameters)
        if end_ms < start_ms:
            raise BadParameter('invalid parameter "end": end timestamp must not be before start time')
        if (end_ms - start_ms) // step_ms > _POINTS_LIMIT:
            raise BadParameter(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        self._collector.metrics.add("monitor_queries_total")
        matrix = await self._collector.queries.run(
            lambda query: query.range(text, start_ms, end_ms, step_ms), _limit(parameters)
        )
        return {"resultType": "matrix", "result": [_series_json(series) for series in matrix.series]}

    async def _series(self, parameters: QueryParams, _: Request) -> Any:
        if not parameters.getlist("match[]"):
            raise BadParameter("no match[] parameter provided")
        return [dict(labels) for labels in await self._find(parameters)]

    async def _labels(self, parameters: QueryParams, _: Request) -> Any:
        return sorted({name for labels in await self._find(parameters) for name, _ in labels})

    async def _label_values(self, parameters: QueryParams, request: Request) -> Any:
        wanted = request.path_params["name"]
        return sorted({value for labels in await self._find(parameters) for name, value in labels if name == wanted})

    async def _find(self, parameters: QueryParams) -> list[Labels]:
        start_ms = _time_ms(parameters, "start", -_FOREVER_MS)
        end_ms = _time_ms(parameters, "end", _FOREVER_MS)
        texts = [str(selector) for selector in parameters.getlist("match[]")] or ['{__name__!=""}']
        selectors = [parse_selector(text) for text in texts]
        return await self._collector.queries.run(lambda query: sorted(query.label_sets(selectors, start_ms, end_ms)))

    async def _metadata(self, parameters: QueryParams, _: Request) -> Any:
        wanted = parameters.get("metric")
        known = self._collector.ingest.parser.metadata
        return {
            name: [{"type": entry.kind, "help": entry.help, "unit": ""}]
            for name, entry in sorted(known.items())
            if not wanted or name == wanted
        }

    async def _alerts(self, _: QueryParams, __: Request) -> Any:
        return {"alerts": [_alert_json(alert) for _, alert in self._collector.engine.active_alerts()]}

    async def _rules(self, parameters: QueryParams, _: Request) -> Any:
        kind = parameters.get("type")
        if kind not in (None, "", "alert", "record"):
            raise BadParameter(f'not supported value "{kind}"')
        kinds = {"alert": AlertingRule, "record": RecordingRule}.get(kind or "", Rule)
        groups = []
        for group in self._collector.configuration.groups:
            chosen = [rule for rule in group.rules if isinstance(rule, kinds)]
            if chosen:
                groups.append(self._group_json(group, chosen))
        return {"groups": groups}

    def _group_json(self, group: RuleGroup, chosen: Iterable[Rule]) -> dict[str, Any]:
        evaluation = self._collector.engine.group_evaluations.get((group.file, group.name))
        interval_ms = group.interval_ms or self._collector.configuration.settings.evaluation_interval_seconds * 1000
        return {
            "name": group.name,
            "file": group.file,
            "rules": [self._rule_json(rule) for rule in chosen],
            "interval": interval_ms / 1000,
            "limit": 0,
            "evaluationTime": evaluation.duration_seconds if evaluation else 0,
            "lastEvaluation": rfc3339(evaluation.at_ms) if evaluation else _NEVER,
        }

    def _rule_json(self, rule: Rule) -> dict[str, Any]:
        health = self._collector.engine.health.get(rule.key)
        common = {
            "name": rule.name,
            "query": rule.query,
            "labels": dict(rule.labels),
            "health": "unknown" if health is None else "err" if health.error else "ok",
            "evaluationTime": health.duration_seconds if health else 0,
            "lastEvaluation": rfc3339(health.at_ms) if health else _NEVER,
        }
        if health is not None and health.error:
            common["lastError"] = health.error
        if not isinstance(rule, AlertingRule):
            return {**common, "type": "recording"}
        alerts = self._collector.engine.alerts_of(rule)
        states = {alert.state for alert in alerts}
        return {
            **common,
            "type": "alerting",
            "state": "firing" if "firing" in states else "pending" if states else "inactive",
            "duration": rule.for_ms / 1000,
            "keepFiringFor": rule.keep_firing_for_ms / 1000,
            "labels": {name: template.text for name, template in rule.labels.items()},
            "annotations": {name: template.text for name, template in rule.annotations.items()},
            "alerts": [_alert_json(alert) for alert in alerts],
        }

    async def _targets(self, _: QueryParams, __: Request) -> Any:
        collector = self._collector
        now_ms = collector.now_ms()
        active = []
        for target in collector.configuration.targets:
            arrival = collector.ingest.arrivals.get(target.instance)
            health = liveness.health(target, arrival, collector.engine.started_ms, now_ms)
            labels = {**target.labels, "instance": target.instance, "job": "host"}
            interval = duration_text(round(target.interval_seconds * 1000))
            active.append(
                {
                    "discoveredLabels": labels,
                    "labels": labels,
                    "scrapePool": "host",
                    "scrapeUrl": "",
                    "globalUrl": "",
                    "lastError": "no batch has arrived lately" if health == "down" else "",
                    "lastScrape": rfc3339(arrival) if arrival else _NEVER,
                    "lastScrapeDuration": 0,
                    "health": health,
                    "scrapeInterval": interval,
                    "scrapeTimeout": interval,
                }
            )
        return {"activeTargets": active, "droppedTargets": [], "droppedTargetCounts": {}}

    async def _build_information(self, _: QueryParams, __: Request) -> Any:
        return {
            "version": __version__,
            "revision": "",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        }

    async def _metrics(self, _: Request) -> Response:
        await self._collector.observe()
        page = self._collector.metrics.page()
        return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _healthy(self, _: Request) -> Response:
        return PlainTextResponse("The collector is healthy.\n")

    async def _ready(self, _: Request) -> Response:
        if not self._collector.is_ready:
            return PlainTextResponse("The collector is reading its log of the last run.\n", 503)
        return PlainTextResponse("The collector is ready.\n")

    async def _reload(self, _: Request) -> Response:
        try:
            await self._collector.reload()
        except ConfigError as error:
            return PlainTextResponse(f"{error}\n", 400)
        return PlainTextResponse("")


async def _parameters(request: Request) -> QueryParams:
    """Those of the address and of the form, if one was posted; where both have one of that name, the form's."""
    form = bytearray()
    async for chunk in request.stream():
        form += chunk
        if len(form) > _FORM_MAX_BYTES:
            raise BadParameter(f"a form may have {_FORM_MAX_BYTES} bytes")
    return QueryParams([*request.query_params.multi_items(), *QueryParams(bytes(form)).multi_items()])


def _failure(status: int, kind: str, reason: str) -> Response:
    return JSONResponse({"status": "error", "errorType": kind, "error": reason}, status)


def _required(parameters: QueryParams, name: str) -> str:
    value = parameters.get(name)
    if not value:
        raise BadParameter(f'invalid parameter "{name}": is missing')
    return str(value)


def _time_ms(parameters: QueryParams, name: str, default: int | None = None) -> int:
    """A time given as Unix seconds or in RFC 3339, in ms."""
    text = parameters.get(name)
    if not text:
        if default is None:
            raise BadParameter(f'invalid parameter "{name}": cannot parse "" to a valid timestamp')
        return default
    try:
        seconds = float(str(text))
    except ValueError:
        try:
            moment = datetime.fromisoformat(str(text))
            seconds = moment.timestamp() if moment.tzinfo else math.nan
        except ValueError:
            seconds = math.nan
    if not abs(seconds) < 1e12:
        raise BadParameter(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')
    return round(seconds * 1000)


def _seconds(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        try:
            return duration_ms(text) / 1000
        except ValueError:
            raise BadParameter(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration') from None


def _step_ms(parameters: QueryParams) -> int:
    step_ms = _seconds(str(parameters.get("step") or ""), "step") * 1000
    if not 1 <= step_ms < 2**53:
        raise BadParameter(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer"
        )
    return round(step_ms)


def _limit(parameters: QueryParams) -> float | None:
    text = parameters.get("timeout")
    return max(_seconds(str(text), "timeout"), 0.001) if text else None


def _result(value: Vector | Scalar | Matrix | str, at_ms: int) -> dict[str, Any]:
    at = at_ms / 1000
    if isinstance(value, str):
        return {"resultType": "string", "result": [at, value]}
    if isinstance(value, Scalar):
        return {"resultType": "scalar", "result": [at, plain(value.value)]}
    if isinstance(value, Matrix):
        return {"resultType": "matrix", "result": [_series_json(series) for series in value.series]}
    pairs = zip(value.labels, value.values.tolist(), strict=True)
    result = [{"metric": dict(labels), "value": [at, plain(number)]} for labels, number in pairs]
    return {"resultType": "vector", "result": result}


def _series_json(series: Series) -> dict[str, Any]:
    seconds = (np.asarray(series.timestamps) / 1000).tolist()
    values = [[at, plain(number)] for at, number in zip(seconds, series.values.tolist(), strict=True)]
    return {"metric": dict(series.labels), "values": values}


def _alert_json(alert: Alert) -> Mapping[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "activeAt": rfc3339(alert.active_at_ms),
        "value": _with_exponent(alert.value),
    }


def _with_exponent(value: float) -> str:
    """Go's %e with as many digits as identify the number, which is how Prometheus shows an alert's value."""
    if not math.isfinite(value):
        return plain(value)
    return np.format_float_scientific(value, trim="-", exp_digits=2)
