"""Messages over HTTP: to webhooks, in Alertmanager's payload version 4, and to Alertmanager itself by its v2 API.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from monitor_collector.notifications.payload import Payload, rfc3339
from monitor_collector.notifications.receivers import HttpSettings, Integration
from monitor_collector.notifications.secret_files import SecretError
from monitor_collector.notifications.senders import DeliveryError

# A message that is answered with one of these is not accepted the next time either.
_REFUSALS = (400, 413, 415, 422)

# As Prometheus does: what fires is sent again once a minute, and counts as ended when it was not for four.
RESEND_SECONDS = 60.0
_VALID_MS = 4 * 60_000


def public_address(url: str) -> str:
    """Scheme and host of an address, whose path may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "an address that makes no sense"
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")


class HttpClient:
    """Makes requests with what `http_config` asks for. The connection stays open between them."""

    def __init__(self, settings: HttpSettings, timeout_seconds: float) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._client: httpx.Client | None = None

    def request(self, method: str, url: str, content: Any = None) -> None:
        """Returns when the answer's status says success. Raises DeliveryError, SecretError."""
        headers = self._headers()
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            with self._opened().stream(method, url, content=body, headers=headers) as answer:
                status = answer.status_code
                if answer.is_success:
                    answer.read()  # else the connection could not be used again
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"{type(error).__name__}: {error}".replace(url, public_address(url))
            raise DeliveryError(f"{public_address(url)}: {reason}") from None
        if not 200 <= status < 300:
            raise DeliveryError(f"{public_address(url)}: it answered {status}", is_refusal=status in _REFUSALS)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _opened(self) -> httpx.Client:
        # Reading the authorities' certificates takes its time, so it is done where waiting does no harm.
        if self._client is None:
            authorities = self._settings.ca_file
            verify = True if authorities is None else ssl.create_default_context(cafile=str(authorities))
            self._client = httpx.Client(verify=verify, timeout=self._timeout_seconds, follow_redirects=False)
        return self._client

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        value = ""
        if settings.credentials is not None:
            value = f"{settings.authorization_type} {settings.credentials.read()}"
        elif settings.password is not None:
            pair = f"{settings.username}:{settings.password.read()}"
            value = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if not (value.isascii() and value.isprintable()):
            raise SecretError("a password or token has characters that cannot stand in a header")
        return {"Authorization": value} if value else {}


class WebhookSender:
    resend_seconds: float | None = None

    def __init__(self, integration: Integration) -> None:
        self._url = integration.url
        self._client = HttpClient(integration.http, integration.timeout_seconds)

    def send(self, payload: Payload) -> None:
        self._client.request("POST", self._url.read(), payload)

    def close(self) -> None:
        self._client.close()


class AlertmanagerSender:
    """Tells Alertmanager of alerts as Prometheus does; its grouping, silences and receivers come on top of ours."""

    resend_seconds: float | None = RESEND_SECONDS

    def __init__(self, integration: Integration, now_ms: Callable[[], int]) -> None:
        self._url = integration.url
        self._client = HttpClient(integration.http, integration.timeout_seconds)
        self._now_ms = now_ms

    def send(self, payload: Payload) -> None:
        until = rfc3339(self._now_ms() + _VALID_MS)
        alerts = [_posted(alert, until) for alert in payload["alerts"]]
        self._client.request("POST", self._url.read().rstrip("/") + "/api/v2/alerts", alerts)

    def close(self) -> None:
        self._client.close()


def _posted(alert: Mapping[str, Any], until: str) -> dict[str, Any]:
    """A `postableAlert`."""
    ends = alert["endsAt"] if alert["status"] == "resolved" else until
    names = ("labels", "annotations", "startsAt", "generatorURL")
    return {**{name: alert[name] for name in names}, "endsAt": ends}
