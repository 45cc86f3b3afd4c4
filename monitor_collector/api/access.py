"""Who may use the API and the page: whoever brings a token, where `api_credentials_file` says which there are.

Programs send it as `Authorization: Bearer`, browsers and Grafana as the password that goes with its name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# Whoever watches whether the collector lives should not need a secret for it.
OPEN_PATHS = ("/-/healthy", "/-/ready")


class Access:
    """An ASGI middleware. `credentials` gives sha256 of a token in hex -> name; None lets everybody in."""

    def __init__(self, app: ASGIApp, credentials: Callable[[], Mapping[str, str] | None]) -> None:
        self._app = app
        self._credentials = credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._may_pass(scope):
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": 'Basic realm="monitor", charset="UTF-8"'}
        await PlainTextResponse("a token is needed here, and none came that is known\n", 401, headers)(
            scope, receive, send
        )

    def _may_pass(self, scope: Scope) -> bool:
        # A browser asks without a token which methods it may use, and is told nothing else.
        credentials = self._credentials()
        if credentials is None or scope["path"] in OPEN_PATHS or scope["method"] == "OPTIONS":
            return True
        return is_known(Headers(scope=scope).get("authorization", ""), credentials)


def is_known(authorization: str, credentials: Mapping[str, str]) -> bool:
    """Whether the header has a token that is known, and its name where one is given."""
    scheme, _, given = authorization.partition(" ")
    given = given.strip()
    if scheme.lower() == "bearer":
        return _digest(given.encode("latin-1")) in credentials
    if scheme.lower() != "basic":
        return False
    try:
        name, _, token = base64.b64decode(given, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return credentials.get(_digest(token)) == name.decode("utf-8", "replace")


def _digest(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()
