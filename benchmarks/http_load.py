"""Sends requests that were made before, as fast as a server takes them, and costs little beside it."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError

TIMEOUT_SECONDS = 60.0
_SUCCESS = (b"HTTP/1.1 200", b"HTTP/1.1 204")


class Connections:
    """Kept-open connections to one server. Host number n always sends over the same one, and awaits each answer before
    it sends again."""

    def __init__(self, url: str, count: int) -> None:
        self._address = urlsplit(url)
        self._sockets = [self._connect() for _ in range(count)]

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._sockets:
            connection.close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._address.hostname, self._address.port), TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def request(self, path: str, body: bytes, headers: str = "") -> bytes:
        head = f"POST {path} HTTP/1.1\r\nHost: {self._address.netloc}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def send(self, requests: Sequence[bytes]) -> float:
        """Sends them all and gives the seconds until the last answer. Raises BenchmarkError for one that is no success.

        Answers must not have a body, and so must end with the empty line behind their head.
        """
        waiting: dict[socket.socket, deque[bytes]] = {connection: deque() for connection in self._sockets}
        for number, request in enumerate(requests):
            waiting[self._sockets[number % len(self._sockets)]].append(request)
        started = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for connection, queue in waiting.items():
                if queue:
                    connection.sendall(queue.popleft())
                    selector.register(connection, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(TIMEOUT_SECONDS)
                if not ready:
                    raise BenchmarkError(f"{self._address.netloc} has not answered within {TIMEOUT_SECONDS:.0f} s")
                for key, _ in ready:
                    connection = key.fileobj
                    assert isinstance(connection, socket.socket)
                    _read_answer(connection)
                    if waiting[connection]:
                        connection.sendall(waiting[connection].popleft())
                    else:
                        selector.unregister(connection)
        return time.monotonic() - started


def _read_answer(connection: socket.socket) -> None:
    answer = connection.recv(65536)
    while b"\r\n\r\n" not in answer:
        more = connection.recv(65536)
        if not more:
            raise BenchmarkError(f"the connection was closed after {answer[:300]!r}")
        answer += more
    if not answer.startswith(_SUCCESS):
        raise BenchmarkError(f"a push was answered with {answer[:300].decode(errors='replace')}")
