"""The frame of every answer: Prometheus' JSON around data, warnings and errors, and the errors' kinds and statuses.

https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from starlette.responses import Response

from monitor_collector.promql import EvaluationError, QueryError
from monitor_collector.query_limits import QueryCanceled, QueryTimeout

log = logging.getLogger(__name__)

TRUNCATED = "results truncated due to limit"


class ApiError(Exception):
    """An answer that is no success; `kind` is Prometheus' errorType."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason


class BadParameter(ApiError):
    """A parameter of the request is missing or wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, "bad_data", reason)

    @classmethod
    def named(cls, name: str, reason: str) -> BadParameter:
        return cls(f'invalid parameter "{name}": {reason}')


class Data(NamedTuple):
    """A success. `content` is whatever orjson takes, JSON that was made before as orjson.Fragment."""

    content: Any
    warnings: Sequence[str] = ()

    @classmethod
    def limited(cls, items: list[Any], limit: int) -> Data:
        """The first items, with a warning if those are not all; 0 is no limit."""
        return cls(items[:limit], (TRUNCATED,)) if 0 < limit < len(items) else cls(items)


def success(data: Data) -> bytes:
    """The text of the answer."""
    body: dict[str, Any] = {"status": "success", "data": data.content}
    if data.warnings:
        body["warnings"] = list(data.warnings)
    return orjson.dumps(body)


def json_response(text: bytes, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")


def failure(error: ApiError) -> Response:
    body = {"status": "error", "errorType": error.kind, "error": error.reason}
    return json_response(orjson.dumps(body), error.status)


def error_answer(error: Exception) -> Response:
    """What is answered when answering has failed."""
    match error:
        case ApiError():
            return failure(error)
        case EvaluationError():
            return failure(ApiError(422, "execution", str(error)))
        case QueryError():
            return failure(BadParameter.named("query", str(error)))
        case QueryTimeout():
            return failure(ApiError(503, "timeout", str(error)))
        case QueryCanceled():
            return failure(ApiError(499, "canceled", str(error)))
    log.error("a request could not be answered", exc_info=error)
    return failure(ApiError(500, "internal", f"{type(error).__name__}: {error}"))
