"""Pushing against a real server that behaves as collectors do on bad days."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from monitor_agent.agent import pack
from monitor_agent.collectors.options import Options
from monitor_agent.config import Config
from monitor_agent.push import Connection, Pusher
from monitor_agent.spool import Spool


class Server:
    """Gives its prepared answers one after another, then 204; remembers what was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]] | str] = []
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[tuple[str, int]] = set()
        self.url = ""


@pytest.fixture
def server() -> Iterator[Server]:
    behaviour = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            behaviour.connections.add(self.client_address)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            behaviour.bodies.append(gzip.decompress(body).decode())
            behaviour.headers.append(dict(self.headers))
            answer = behaviour.answers.pop(0) if behaviour.answers else (204, {})
            if answer == "hang up":
                self.close_connection = True
                return
            assert isinstance(answer, tuple)
            status, headers = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            text = b"" if status == 204 else b"line 3: no"
            if text:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, daemon=True).start()
        behaviour.url = f"http://127.0.0.1:{http.server_address[1]}/api/v1/import/prometheus"
        yield behaviour
        http.shutdown()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path), 10**7, 10**7)


@pytest.fixture
def connect() -> Iterator[Callable[[str], Connection]]:
    """Makes connections, and closes them in the end."""
    made: list[Connection] = []

    def make(url: str) -> Connection:
        made.append(Connection(Config("web-1", 1, "", 0, 0, {}, url, "", "", 5, [], Options())))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


@pytest.fixture
def sender(server: Server, spool: Spool, connect: Callable[[str], Connection]) -> Pusher:
    return Pusher(spool, connect(server.url).post, server.url, jitter=lambda: 1.0)


def add(spool: Spool, *taken_ms: int) -> None:
    for each in taken_ms:
        spool.add(pack(f"m 1 {each}\n".encode()), each)


def test_an_acknowledged_batch_leaves_the_spool(server: Server, spool: Spool, sender: Pusher) -> None:
    add(spool, 1000)
    assert sender.push_once() == 0
    assert server.bodies == ["m 1 1000\n"]
    assert server.headers[0]["Content-Encoding"] == "gzip"
    assert len(spool) == 0


def test_the_newest_goes_first_and_the_backlog_follows_together(server: Server, spool: Spool, sender: Pusher) -> None:
    add(spool, 1000, 2000, 3000)
    sender.push_once()
    sender.push_once()
    assert server.bodies == ["m 1 3000\n", "m 1 1000\nm 1 2000\n"]
    assert sender.sent == 3


def test_one_connection_serves_many_pushes(server: Server, spool: Spool, sender: Pusher) -> None:
    for taken_ms in (1000, 2000, 3000):
        add(spool, taken_ms)
        sender.push_once()
    assert len(server.connections) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 429, 401, 403, 408])
def test_what_may_pass_is_tried_again_and_keeps_the_batch(
    server: Server, spool: Spool, sender: Pusher, status: int
) -> None:
    server.answers = [(status, {})]
    add(spool, 1000)
    assert sender.push_once() == 1.0
    assert len(spool) == 1
    assert sender.push_once() == 0
    assert len(spool) == 0


def test_pauses_double_up_to_a_minute_and_begin_anew(server: Server, spool: Spool, sender: Pusher) -> None:
    server.answers = [(500, {})] * 8
    add(spool, 1000)
    assert [sender.push_once() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert sender.push_once() == 0
    server.answers = [(500, {})]
    add(spool, 2000)
    assert sender.push_once() == 1


def test_retry_after_is_honoured(server: Server, spool: Spool, sender: Pusher) -> None:
    server.answers = [(429, {"Retry-After": "7"})]
    add(spool, 1000)
    assert sender.push_once() == 7


@pytest.mark.parametrize("status", [400, 404, 413, 415])
def test_a_batch_that_will_never_be_taken_is_put_aside_and_the_next_goes_on(
    server: Server, spool: Spool, sender: Pusher, status: int, tmp_path: Path
) -> None:
    server.answers = [(status, {})]
    add(spool, 1000)
    assert sender.push_once() == 0
    assert sender.rejected == 1
    assert (tmp_path / "rejected" / "00000000001000.gz.answer").read_text() == f"{status} line 3: no"
    add(spool, 2000)
    sender.push_once()
    assert server.bodies[-1] == "m 1 2000\n"


def test_one_bad_batch_in_a_backlog_costs_only_itself(server: Server, spool: Spool, sender: Pusher) -> None:
    add(spool, 1000, 2000, 3000)
    server.answers = [(204, {}), (400, {}), (400, {})]
    for _ in range(3):
        sender.push_once()
    assert sender.rejected == 1
    assert server.bodies[-1] == "m 1 2000\n"
    assert len(spool) == 0


def test_a_connection_that_the_collector_closed_is_opened_again(server: Server, spool: Spool, sender: Pusher) -> None:
    add(spool, 1000)
    sender.push_once()
    server.answers = ["hang up"]
    add(spool, 2000)
    assert sender.push_once() == 0
    assert server.bodies == ["m 1 1000\n", "m 1 2000\n", "m 1 2000\n"]
    assert len(spool) == 0


def test_a_refused_connection_is_told_once_in_plain_words_and_once_when_it_is_over(
    server: Server, spool: Spool, connect: Callable[[str], Connection], capsys: pytest.CaptureFixture[str]
) -> None:
    url = "http://127.0.0.1:1/"
    posts = [*[connect(url).post] * 3, connect(server.url).post]
    sender = Pusher(spool, lambda body: posts.pop(0)(body), url, jitter=lambda: 1.0)
    add(spool, 1000)
    for _ in range(4):
        sender.push_once()
    assert capsys.readouterr().err.splitlines() == [
        f"<4>{url} refused the connection: does the collector run there?",
        f"<6>pushing to {url} again; 0 batches are waiting",
    ]
