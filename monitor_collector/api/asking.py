"""What stands between a route and the function that answers it: parameters, readiness, errors, a client that leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor_collector.api.answers import Data, error_answer, json_response, success
from monitor_collector.api.parameters import Parameters
from monitor_collector.collector import Collector
from monitor_collector.queries import Query
from monitor_collector.query_limits import QueryCanceled

Result = TypeVar("Result")


class Asked(NamedTuple):
    """A request, and whom it is for."""

    collector: Collector
    parameters: Parameters
    request: Request

    async def query(
        self,
        work: Callable[[Query], Result],
        timeout_seconds: float | None = None,
        lookback_ms: int | None = None,
    ) -> Result:
        """What `work` gives, done in a thread; as `Queries.run`, but QueryCanceled as soon as the client is gone."""
        return await _unless_gone(self.request, self.collector.queries.run(work, timeout_seconds, lookback_ms))


Handler = Callable[[Asked], Awaitable[Data | bytes | Response]]


def route(collector: Collector, path: str, handler: Handler, methods: Sequence[str]) -> Route:
    """A route answered with what the handler returns: data, an answer that is JSON already, or any other answer."""

    async def answer(request: Request) -> Response:
        if not collector.is_ready:
            return PlainTextResponse("Service Unavailable", 503)
        try:
            found = await handler(Asked(collector, await Parameters.of(request), request))
        except Exception as error:
            return error_answer(error)
        match found:
            case Data():
                return json_response(success(found))
            case bytes():
                return json_response(found)
        return found

    return exactly(Route(path, answer, methods=list(methods)))


def exactly(route: Route) -> Route:
    """Without HEAD, which comes with GET otherwise, and which Prometheus' API does not have."""
    assert route.methods is not None
    route.methods.discard("HEAD")
    return route


async def _unless_gone(request: Request, work: Awaitable[Result]) -> Result:
    """Waits for the work, and cancels it when the client disconnects. The request's body must have been read."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_departure(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise QueryCanceled("query was canceled in expression evaluation")
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _departure(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
