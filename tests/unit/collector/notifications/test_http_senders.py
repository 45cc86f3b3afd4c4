"""What travels over HTTP."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from monitor_collector.notifications.http_senders import AlertmanagerSender, HttpClient, WebhookSender, public_address
from monitor_collector.notifications.receivers import HttpSettings, Integration
from monitor_collector.notifications.secret_files import Secret, SecretError
from monitor_collector.notifications.senders import DeliveryError


class Echo:
    """A server that remembers method, path, headers and body of each request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 204
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                echo.requests.append((self.command, self.path, dict(self.headers), body))
                self.send_response(echo.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.server.shutdown()
    echo.thread.join()
    echo.server.server_close()


def secret(tmp_path: Path, text: str) -> Secret:
    file = tmp_path / "secret"
    file.write_text(text)
    file.chmod(0o600)
    return Secret(file=file)


def test_a_webhook_gets_the_payload_as_json(echo: Echo) -> None:
    sender = WebhookSender(Integration("team", "team", "webhook", Secret(f"{echo.url}/hook?key=x")))
    sender.send({"receiver": "täm"})
    sender.close()
    ((method, path, headers, body),) = echo.requests
    assert (method, path, body) == ("POST", "/hook?key=x", '{"receiver": "täm"}'.encode())
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers


def test_an_alertmanager_gets_the_end_of_what_ended_and_a_promise_of_what_fires(echo: Echo) -> None:
    common = {"labels": {"alertname": "A"}, "annotations": {}, "startsAt": "s", "generatorURL": "g"}
    sender = AlertmanagerSender(Integration("c", "team", "alertmanager", Secret(f"{echo.url}/am/")), lambda: 60_000)
    firing = {**common, "status": "firing", "endsAt": "0001", "fingerprint": "f"}
    sender.send({"alerts": [firing, {**firing, "status": "resolved", "endsAt": "1970-01-01T00:00:30.000Z"}]})
    sender.close()
    ((_, path, _, body),) = echo.requests
    assert path == "/am/api/v2/alerts"
    assert body.count(b'"endsAt"') == 2
    assert b'"endsAt": "1970-01-01T00:05:00.000Z"' in body and b'"endsAt": "1970-01-01T00:00:30.000Z"' in body
    assert b"fingerprint" not in body and b"status" not in body


def test_a_token_or_password_comes_from_its_file(echo: Echo, tmp_path: Path) -> None:
    key = secret(tmp_path, "s3cret\n")
    basic = f"Basic {base64.b64encode(b'me:s3cret').decode()}"
    for settings, expected in (
        (HttpSettings(credentials=key), "Bearer s3cret"),
        (HttpSettings(authorization_type="Token", credentials=key), "Token s3cret"),
        (HttpSettings(username="me", password=key), basic),
    ):
        client = HttpClient(settings, 5)
        client.request("GET", echo.url)
        client.close()
        assert echo.requests[-1][2]["Authorization"] == expected


def test_a_token_that_would_make_another_header_is_refused(tmp_path: Path) -> None:
    client = HttpClient(HttpSettings(credentials=secret(tmp_path, "a\r\nX: b")), 5)
    with pytest.raises(SecretError) as error:
        client.request("GET", "http://127.0.0.1:9/")
    assert "X: b" not in str(error.value)


@pytest.mark.parametrize(("status", "is_refusal"), [(400, True), (422, True), (404, False), (500, False), (302, False)])
def test_an_answer_that_is_no_success_is_told_without_the_path(echo: Echo, status: int, is_refusal: bool) -> None:
    echo.status = status
    client = HttpClient(HttpSettings(), 5)
    with pytest.raises(DeliveryError) as error:
        client.request("POST", f"{echo.url}/secret-path", {})
    client.close()
    assert (str(error.value), error.value.is_refusal) == (f"{echo.url}: it answered {status}", is_refusal)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/secret-path", "http://[::1/secret-path", "x://h/secret-path"])
def test_what_cannot_be_reached_is_told_without_the_path(url: str) -> None:
    client = HttpClient(HttpSettings(), 5)
    with pytest.raises(DeliveryError) as error:
        client.request("POST", url, {})
    client.close()
    assert "secret-path" not in str(error.value)


def test_only_scheme_host_and_port_of_an_address_are_public() -> None:
    assert public_address("https://user:password@chat.example.org:8443/hooks/secret?token=x") == (
        "https://chat.example.org:8443"
    )
