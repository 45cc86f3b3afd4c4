"""A collector in a thread that behaves as collectors do on bad days."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server:
    """Gives its prepared answers one after another, then 204; remembers what was sent.

    An answer is a status with headers, or the raw bytes to send before the connection is closed. `unacceptable` are
    texts that make a body a bad one.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]] | bytes] = []
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[tuple[str, int]] = set()
        self.unacceptable: list[str] = []
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Server

    def do_POST(self) -> None:
        behaviour = self.behaviour
        behaviour.connections.add(self.client_address)
        text = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"]))).decode()
        behaviour.bodies.append(text)
        behaviour.headers.append(dict(self.headers))
        answer = behaviour.answers.pop(0) if behaviour.answers else (204, {})
        if isinstance(answer, bytes):
            self.wfile.write(answer)
            self.close_connection = True
            return
        status, headers = answer
        if any(word in text for word in behaviour.unacceptable):
            status = 400
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        reason = b"" if status == 204 else b"line 3: no"
        if reason:
            self.send_header("Content-Length", str(len(reason)))
        self.end_headers()
        self.wfile.write(reason)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    behaviour = Server()
    handler = type("BoundHandler", (Handler,), {"behaviour": behaviour})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        behaviour.url = f"http://127.0.0.1:{http.server_address[1]}/api/v1/import/prometheus"
        yield behaviour
        http.shutdown()
        thread.join()
