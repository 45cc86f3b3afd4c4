"""The promql module: asks, asserts and waits, and says clearly why not."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.unit.plugins.conftest import RunModule


class Server:
    """Answers queries with the next of its prepared answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.queries: list[str] = []

    def vector(self, *values: str) -> None:
        result = [{"metric": {"instance": f"web-{n}"}, "value": [1, value]} for n, value in enumerate(values, 1)]
        self.answers.append((200, {"status": "success", "data": {"resultType": "vector", "result": result}}))

    def scalar(self, value: str) -> None:
        self.answers.append((200, {"status": "success", "data": {"resultType": "scalar", "result": [1, value]}}))

    def refuse(self, reason: str) -> None:
        self.answers.append((400, {"status": "error", "errorType": "bad_data", "error": reason}))


@pytest.fixture
def server() -> Iterator[Server]:
    behaviour = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parameters = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            behaviour.queries.append(parameters["query"][0])
            status, answer = behaviour.answers[0] if len(behaviour.answers) == 1 else behaviour.answers.pop(0)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        behaviour.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield behaviour
        http.shutdown()


def test_series_are_returned_as_the_server_gave_them(run_module: RunModule, server: Server) -> None:
    server.vector("1", "0")
    answer = run_module("promql", url=server.url, query="up")
    assert [series["value"][1] for series in answer["result"]] == ["1", "0"]
    assert answer["changed"] is False


@pytest.mark.parametrize(("values", "expect", "fails"), [(["1"], "holds", False), ([], "holds", True),
                                                         ([], "empty", False), (["1"], "empty", True)])  # fmt: skip
def test_an_expectation_that_is_not_met_fails(
    run_module: RunModule, server: Server, values: list[str], expect: str, fails: bool
) -> None:
    server.vector(*values)
    assert run_module("promql", url=server.url, query="up", expect=expect).get("failed", False) is fails


@pytest.mark.parametrize(("value", "fails"), [("0", True), ("1", False)])
def test_a_scalar_holds_unless_it_is_zero(run_module: RunModule, server: Server, value: str, fails: bool) -> None:
    server.scalar(value)
    assert run_module("promql", url=server.url, query="vector(1)", expect="holds").get("failed", False) is fails


def test_waiting_goes_on_until_the_expression_holds(run_module: RunModule, server: Server) -> None:
    server.vector()
    server.vector()
    server.vector("1")
    answer = run_module("promql", url=server.url, query="up", expect="holds", timeout_seconds=30, poll_seconds=0.01)
    assert answer["result"][0]["metric"] == {"instance": "web-1"}
    assert len(server.queries) == 3


def test_started_stands_for_the_servers_time_at_the_beginning(run_module: RunModule, server: Server) -> None:
    server.scalar("1700000000.5")
    server.vector()
    server.vector("1")
    run_module("promql", url=server.url, query="t > $started", expect="holds", timeout_seconds=30, poll_seconds=0.01)
    assert server.queries == ["time()", "t > 1700000000.5", "t > 1700000000.5"]


def test_a_refused_expression_fails_at_once_with_the_servers_reason(run_module: RunModule, server: Server) -> None:
    server.refuse("unknown function")
    answer = run_module("promql", url=server.url, query="nonsense()", expect="holds", timeout_seconds=30)
    assert "unknown function" in answer["msg"]
    assert len(server.queries) == 1


def test_a_server_that_does_not_answer_is_named(run_module: RunModule) -> None:
    answer = run_module("promql", url="http://127.0.0.1:1", query="up", message="web-1 is silent.")
    assert answer["failed"] is True
    assert answer["msg"].startswith("web-1 is silent. http://127.0.0.1:1 does not answer:")
