"""The page's address, its files, and its live feed, over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from importlib import resources

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from monitor_collector.collector import Collector
from monitor_collector.dashboard.feed import TooManyViewers

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Nothing but what this collector serves: whatever a label or an annotation says, it is only ever text.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A browser asks each time whether a file has changed: a page and scripts of two versions would not fit together.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_STARTING = "The collector is reading its log of the last run.\n"


class Dashboard:
    """The handlers; `routes` says which path each is for."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._files = {name: _with_tag(content) for name, content in read_files().items()}

    def routes(self) -> list[Route]:
        return [
            Route("/", self._page, methods=["GET"]),
            Route("/static/{name}", self._file, methods=["GET"]),
            Route("/api/v1/live", self._live, methods=["GET"]),
        ]

    async def _page(self, request: Request) -> Response:
        if not self._collector.is_ready:
            return PlainTextResponse(_STARTING, 503, {"Refresh": "1"})
        return self._served(request, "index.html")

    async def _file(self, request: Request) -> Response:
        return self._served(request, request.path_params["name"])

    def _served(self, request: Request, name: str) -> Response:
        if name not in self._files:
            return PlainTextResponse(f"there is no file {name!r}\n", 404)
        content, tag = self._files[name]
        headers = {**HEADERS, "ETag": tag}
        if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=MEDIA_TYPES[name[name.rindex(".") :]])

    async def _live(self, _: Request) -> Response:
        if not self._collector.is_ready:
            return PlainTextResponse(_STARTING, 503)
        events = self._collector.live.events()
        try:
            # The first event tells whether there is room for one more viewer.
            first = await anext(events)
        except TooManyViewers:
            return PlainTextResponse("too many browsers look already\n", 503, {"Retry-After": "30"})
        except StopAsyncIteration:
            return PlainTextResponse("the collector is stopping\n", 503, {"Retry-After": "1"})
        return StreamingResponse(_from(first, events), media_type="text/event-stream", headers=HEADERS)


def read_files() -> dict[str, bytes]:
    """Name -> content of everything that the page is made of."""
    directory = resources.files("monitor_collector.dashboard") / "static"
    return {file.name: file.read_bytes() for file in directory.iterdir() if file.name.endswith(tuple(MEDIA_TYPES))}


def _with_tag(content: bytes) -> tuple[bytes, str]:
    return content, f'"{hashlib.sha256(content).hexdigest()[:20]}"'


async def _from(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event
