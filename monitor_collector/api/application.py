"""All of the HTTP interface but pushes: the API, the notifications' API and the page, with who may use them."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from monitor_collector.api import expressions, federation, openapi, probes, rules, series, status, targets
from monitor_collector.api.access import Access
from monitor_collector.api.answers import ApiError, failure
from monitor_collector.api.asking import route
from monitor_collector.api.cross_origin import PREFIX, CrossOrigin
from monitor_collector.api.operation import Operation
from monitor_collector.collector import Collector
from monitor_collector.dashboard.routes import Dashboard
from monitor_collector.notifications.api import NotificationsApi

_GET, _GET_AND_POST = ("GET",), ("GET", "POST")
# A higher level takes several times as long for a few percent. Below the size it is not worth the while.
_GZIP_LEVEL = 4
_GZIP_MIN_BYTES = 1024


def application(collector: Collector) -> Starlette:
    return Starlette(
        routes=_routes(collector),
        middleware=[
            Middleware(Access, credentials=lambda: collector.configuration.api_credentials),
            Middleware(CrossOrigin),
            Middleware(GZipMiddleware, minimum_size=_GZIP_MIN_BYTES, compresslevel=_GZIP_LEVEL),
        ],
        exception_handlers={HTTPException: _not_served},
    )


def _routes(collector: Collector) -> list[BaseRoute]:
    handlers = {
        "/api/v1/query": (expressions.query, _GET_AND_POST),
        "/api/v1/query_range": (expressions.query_range, _GET_AND_POST),
        "/api/v1/query_exemplars": (expressions.query_exemplars, _GET_AND_POST),
        "/api/v1/format_query": (expressions.format_query, _GET_AND_POST),
        "/api/v1/series": (series.series, _GET_AND_POST),
        "/api/v1/labels": (series.labels, _GET_AND_POST),
        "/api/v1/label/{name}/values": (series.label_values, _GET),
        "/api/v1/metadata": (series.metadata, _GET),
        "/api/v1/rules": (rules.rules, _GET),
        "/api/v1/alerts": (rules.alerts, _GET),
        "/api/v1/targets": (targets.targets, _GET),
        "/api/v1/probes": (probes.probes, _GET),
        "/api/v1/status/buildinfo": (status.build_information, _GET),
        "/api/v1/status/runtimeinfo": (status.runtime_information, _GET),
        "/api/v1/status/flags": (status.flags, _GET),
        "/api/v1/status/config": (status.configuration, _GET),
        "/api/v1/status/tsdb": (status.storage, _GET),
        "/federate": (federation.federate, _GET),
    }
    settings = collector.configuration.settings
    return [
        *(route(collector, path, handler, methods) for path, (handler, methods) in handlers.items()),
        openapi.route(),
        *Operation(collector).routes(),
        *NotificationsApi(collector.notifications, settings.external_url, collector.now_ms).routes(),
        *Dashboard(collector).routes(),
    ]


async def _not_served(request: Request, error: Exception) -> Response:
    """A path or a method that is not there; in JSON where clients expect nothing else."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith(PREFIX):
        return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
    kind = "not_found" if error.status_code == 404 else "bad_data"
    response = failure(ApiError(error.status_code, kind, f"{request.method} {request.url.path}: {error.detail}"))
    response.headers.update(error.headers or {})
    return response
