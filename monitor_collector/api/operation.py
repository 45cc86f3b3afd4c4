"""What operators and their tools ask of the process itself: `/metrics` and `/-/…`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor_collector.collector import Collector
from monitor_collector.documents import ConfigError


class Operation:
    """The handlers; `routes` says which path each is for."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def routes(self) -> list[Route]:
        return [
            Route("/metrics", self._metrics, methods=["GET"]),
            Route("/-/healthy", self._healthy, methods=["GET"]),
            Route("/-/ready", self._ready, methods=["GET"]),
            Route("/-/reload", self._reload, methods=["POST", "PUT"]),
        ]

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
            return PlainTextResponse(f"{error}\n", 500)
        return PlainTextResponse("")
