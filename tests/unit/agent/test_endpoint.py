"""/metrics as a scraper sees it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor_agent.endpoint import Endpoint
from monitor_agent.troubles import Troubles

PAGE = "# TYPE m gauge\nm 1\n"


@pytest.fixture
def start() -> Iterator[Callable[..., Endpoint]]:
    endpoints: list[Endpoint] = []

    def make(token_file: str = "", host: str = "127.0.0.1") -> Endpoint:
        endpoints.append(Endpoint((host, 0), token_file, lambda: PAGE, Troubles()))
        endpoints[-1].start()
        return endpoints[-1]

    yield make
    for endpoint in endpoints:
        endpoint.close()


def ask(endpoint: Endpoint, path: str = "/metrics", host: str = "127.0.0.1", **headers: str) -> tuple[int, bytes]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"http://{host}:{endpoint.port}{path}", headers=names)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def exchange(endpoint: Endpoint, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as client:
        received = b""
        with contextlib.suppress(OSError):  # it may hang up at any time
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            while chunk := client.recv(4096):
                received += chunk
        return received


@pytest.mark.parametrize("path", ["/metrics", "/metrics?collect[]=cpu"])
def test_the_page_is_given_as_it_is(start: Callable[..., Endpoint], path: str) -> None:
    assert ask(start(), path) == (200, PAGE.encode())


def test_it_listens_on_an_ipv6_address_too(start: Callable[..., Endpoint]) -> None:
    assert ask(start(host="::1"), host="[::1]") == (200, PAGE.encode())


def test_who_takes_gzip_gets_gzip(start: Callable[..., Endpoint]) -> None:
    status, body = ask(start(), Accept_Encoding="deflate, gzip")
    assert status == 200
    assert gzip.decompress(body).decode() == PAGE


def test_other_paths_and_methods_are_told_where_to_go(start: Callable[..., Endpoint]) -> None:
    endpoint = start()
    assert ask(endpoint, "/") == (404, b"metrics are at /metrics\n")
    assert exchange(endpoint, b"POST /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 405 ")
    assert exchange(endpoint, b"HEAD /metrics HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "request_", [b"nonsense\r\n\r\n", b"\r\n\r\n", b"GET /metrics\r\n\r\n", b"\xff\xfe GET x HTTP/2\r\n\r\n"]
)
def test_garbage_is_a_bad_request(start: Callable[..., Endpoint], request_: bytes) -> None:
    assert exchange(start(), request_).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_leaves_or_never_ends_its_request_harms_no_other(start: Callable[..., Endpoint]) -> None:
    endpoint = start()
    assert exchange(endpoint, b"GET /metr") == b""
    assert exchange(endpoint, b"GET /" + b"x" * 20_000) == b""
    assert ask(endpoint) == (200, PAGE.encode())


def test_a_token_is_asked_for_and_read_again_when_it_changes(start: Callable[..., Endpoint], tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    endpoint = start(str(token))
    assert ask(endpoint)[0] == 401
    assert ask(endpoint, Authorization="Bearer secreT")[0] == 401
    assert ask(endpoint, Authorization="Bearer secret") == (200, PAGE.encode())
    token.unlink()
    assert ask(endpoint, Authorization="Bearer secret")[0] == 401


def test_two_agents_may_listen_during_an_upgrade_and_a_port_of_another_program_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        Endpoint(other.getsockname(), "", lambda: "", Troubles())
    blue = Endpoint(("127.0.0.1", 0), "", lambda: "", Troubles())
    green = Endpoint(("127.0.0.1", blue.port), "", lambda: "", Troubles())
    blue.close()
    green.close()
