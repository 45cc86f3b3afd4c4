"""Alertmanager's HTTP API, version 2, as far as silences and looking at alerts go, so that `amtool` works with it.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor_collector import __version__
from monitor_collector.notifications.matchers import checked, parse_matchers
from monitor_collector.notifications.payload import fingerprint, generator_url, rfc3339
from monitor_collector.notifications.service import AlertStatus, Notifications
from monitor_collector.notifications.silence_store import SilenceNotFound
from monitor_collector.notifications.silences import InvalidSilence, Silence
from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.matchers import Matcher
from monitor_collector.promql.regular_expressions import compile_anchored

_BODY_MAX_BYTES = 256 * 1024
_ORDER = ("active", "pending", "expired")


class _Refused(Exception):
    """A request that cannot be answered."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class NotificationsApi:
    """The handlers; `routes` says which path each is for."""

    def __init__(self, notifications: Notifications, external_url: str, now_ms: Callable[[], int]) -> None:
        self._notifications = notifications
        self._external_url = external_url
        self._now_ms = now_ms
        self._started_ms = now_ms()

    def routes(self) -> list[Route]:
        return [
            Route("/api/v2/silences", _answering(self._silences), methods=["GET"]),
            Route("/api/v2/silences", _answering(self._set_silence), methods=["POST"]),
            Route("/api/v2/silence/{id}", _answering(self._silence), methods=["GET"]),
            Route("/api/v2/silence/{id}", _answering(self._expire_silence), methods=["DELETE"]),
            Route("/api/v2/alerts", _answering(self._alerts), methods=["GET"]),
            Route("/api/v2/receivers", _answering(self._receivers), methods=["GET"]),
            Route("/api/v2/status", _answering(self._status), methods=["GET"]),
        ]

    async def _silences(self, request: Request) -> Any:
        filters = _filters(request)
        now_ms = self._now_ms()
        chosen = [
            silence
            for silence in await self._notifications.silences()
            if _passes(filters, {matcher.name: matcher.value for matcher in silence.matchers})
        ]
        return [_silence_json(silence, now_ms) for silence in sorted(chosen, key=lambda one: _rank(one, now_ms))]

    async def _silence(self, request: Request) -> Any:
        wanted = request.path_params["id"]
        for silence in await self._notifications.silences():
            if silence.id == wanted:
                return _silence_json(silence, self._now_ms())
        raise _Refused(404, f"there is no silence {wanted}")

    async def _set_silence(self, request: Request) -> Any:
        silence = _silence_from(await _json_body(request))
        try:
            return {"silenceID": await self._notifications.set_silence(silence)}
        except InvalidSilence as error:
            raise _Refused(400, f"invalid silence: {error}") from None
        except SilenceNotFound:
            raise _Refused(404, f"there is no silence {silence.id}") from None

    async def _expire_silence(self, request: Request) -> Any:
        try:
            await self._notifications.expire_silence(request.path_params["id"])
        except SilenceNotFound as error:
            raise _Refused(404, f"there is no silence {error}") from None
        return None

    async def _alerts(self, request: Request) -> Any:
        filters = _filters(request)
        wanted = {name: _switch(request, name) for name in ("active", "silenced", "inhibited")}
        try:
            receiver = compile_anchored(request.query_params.get("receiver") or ".*")
        except QueryError as error:
            raise _Refused(400, f"failed to parse receiver param: {error}") from None
        alerts = [
            self._alert_json(status)
            for status in self._notifications.statuses()
            if (wanted["active"] or status.is_suppressed)
            and (wanted["silenced"] or not status.suppression.silenced_by)
            and (wanted["inhibited"] or not status.suppression.inhibited_by)
            and any(receiver.fullmatch(name) for name in status.receivers or ("",))
            and _passes(filters, dict(status.alert.labels))
        ]
        return sorted(alerts, key=lambda alert: str(alert["fingerprint"]))

    def _alert_json(self, status: AlertStatus) -> dict[str, Any]:
        alert = status.alert
        return {
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "startsAt": rfc3339(alert.started_ms),
            "updatedAt": rfc3339(alert.started_ms),
            # An alert that fires has no end; the field must be there, and what is read as one lies ahead.
            "endsAt": rfc3339(self._now_ms() + 4 * 60_000),
            "fingerprint": fingerprint(alert.labels),
            "generatorURL": generator_url(alert.query, self._external_url),
            "receivers": [{"name": name} for name in status.receivers],
            "status": {
                "state": "suppressed" if status.is_suppressed else "active",
                "silencedBy": list(status.suppression.silenced_by),
                "inhibitedBy": [fingerprint(labels) for labels in status.suppression.inhibited_by],
                "mutedBy": list(status.muted_by),
            },
        }

    async def _receivers(self, _: Request) -> Any:
        return [{"name": receiver.name} for receiver in self._notifications.policy.receivers]

    async def _status(self, _: Request) -> Any:
        version = {"version": __version__, "revision": "", "branch": ""}
        return {
            "cluster": {"status": "disabled", "peers": []},
            # The configuration may hold secrets.
            "config": {"original": ""},
            "uptime": rfc3339(self._started_ms),
            "versionInfo": {**version, "buildUser": "", "buildDate": "", "goVersion": ""},
        }


def _answering(handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            content = await handler(request)
        except _Refused as error:
            return JSONResponse(str(error), error.status)
        headers = {"Cache-Control": "no-store"}
        return Response(headers=headers) if content is None else JSONResponse(content, headers=headers)

    return answer


def _filters(request: Request) -> tuple[Matcher, ...]:
    try:
        return tuple(matcher for text in request.query_params.getlist("filter") for matcher in parse_matchers(text))
    except ValueError as error:
        raise _Refused(400, f"bad filter: {error}") from None


def _passes(filters: Sequence[Matcher], values: Mapping[str, str]) -> bool:
    return all(matcher.matches(values.get(matcher.name, "")) for matcher in filters)


def _switch(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "true")
    if value not in ("true", "false"):
        raise _Refused(400, f"{name} must be true or false")
    return value == "true"


async def _json_body(request: Request) -> Any:
    # A page of another site may post forms and plain text to wherever it likes, but no JSON.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _Refused(415, "the body must be application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_MAX_BYTES:
            raise _Refused(413, f"a silence may have {_BODY_MAX_BYTES} bytes")
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise _Refused(400, f"the body is no JSON: {error}") from None


def _silence_from(content: Any) -> Silence:
    """A `postableSilence`."""
    if not isinstance(content, dict) or not isinstance(content.get("matchers"), list):
        raise _Refused(400, "a silence is an object with matchers, startsAt, endsAt, createdBy and comment")
    texts = {name: content.get(name) for name in ("createdBy", "comment")}
    number = content.get("id") or ""
    for name, value in {**texts, "id": number}.items():
        if not isinstance(value, str):
            raise _Refused(400, f"{name} must be a text")
    starts_ms, ends_ms = (_moment_ms(content.get(name), name) for name in ("startsAt", "endsAt"))
    matchers = tuple(_matcher_from(matcher) for matcher in content["matchers"])
    return Silence(number, matchers, starts_ms, ends_ms, 0, str(texts["createdBy"]), str(texts["comment"]))


def _matcher_from(content: Any) -> Matcher:
    if not isinstance(content, dict):
        raise _Refused(400, "a matcher is an object with name, value, isRegex and isEqual")
    name, value = content.get("name"), content.get("value")
    is_regex, is_equal = content.get("isRegex", False), content.get("isEqual", True)
    if not isinstance(name, str) or not name or not isinstance(value, str):
        raise _Refused(400, "a matcher has a name and a value, both texts")
    if not isinstance(is_regex, bool) or not isinstance(is_equal, bool):
        raise _Refused(400, "isRegex and isEqual must be true or false")
    try:
        return checked(name, ("=~" if is_equal else "!~") if is_regex else ("=" if is_equal else "!="), value)
    except ValueError as error:
        raise _Refused(400, f"the matcher of {name} {error}") from None


def _moment_ms(value: Any, name: str) -> int:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return round(moment.timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        raise _Refused(400, f"{name} must be a time such as 2026-01-31T08:00:00Z") from None


def _silence_json(silence: Silence, now_ms: int) -> dict[str, Any]:
    """A `gettableSilence`."""
    return {
        "id": silence.id,
        "status": {"state": silence.state(now_ms)},
        "matchers": [
            {"name": name, "value": value, "isRegex": "~" in op, "isEqual": op[0] == "="}
            for name, op, value in silence.matchers
        ],
        "startsAt": rfc3339(silence.starts_ms),
        "endsAt": rfc3339(silence.ends_ms),
        "updatedAt": rfc3339(silence.updated_ms),
        "createdBy": silence.created_by,
        "comment": silence.comment,
    }


def _rank(silence: Silence, now_ms: int) -> tuple[int, int]:
    """As Alertmanager sorts: active ones by their end, pending ones by their start, those that ended last first."""
    state = silence.state(now_ms)
    moment = {"active": silence.ends_ms, "pending": silence.starts_ms, "expired": -silence.ends_ms}[state]
    return _ORDER.index(state), moment
