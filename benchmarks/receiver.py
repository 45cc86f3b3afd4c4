"""Takes pushes over TLS, as text or as remote write, and tells its parent what has come: one line of JSON each.

It runs in a process of its own, so that its work is nobody else's CPU time. The first line that it prints is its port;
it ends with its standard input.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import BenchmarkError

TEXT_PATH = "/api/v1/import/prometheus"
REMOTE_WRITE_PATH = "/api/v1/write"
PATHS = (TEXT_PATH, REMOTE_WRITE_PATH)

# linux/tcp.h, struct tcp_info: 8 bytes of flags, 24 numbers of 32 bits, then pacing_rate, max_pacing_rate, bytes_acked,
# bytes_received of 64 bits each.
TCP_INFO_BYTES_RECEIVED = struct.Struct("=128xQ")

ROOT = Path(__file__).resolve().parent.parent


class Arrival(NamedTuple):
    """A request. `at_seconds` is time.monotonic(), the same clock in all processes of a machine. `wire_bytes` are those
    that came on its connection since the request before: TLS, its handshake, and HTTP included, TCP/IP headers not.
    `samples` is None where the body was not decoded."""

    path: str
    at_seconds: float
    wire_bytes: int
    body_bytes: int
    samples: int | None


def count_samples(body: bytes) -> int:
    """How many samples a gzip body of Prometheus text has."""
    lines = gzip.decompress(body).splitlines()
    return sum(1 for line in lines if line.strip() and not line.startswith(b"#"))


def between(arrivals: Iterable[Arrival], path: str, from_seconds: float, to_seconds: float) -> list[Arrival]:
    """What came on a path in a span of time."""
    return [each for each in arrivals if each.path == path and from_seconds <= each.at_seconds < to_seconds]


def serve(certificate_file: str, key_file: str, tell: Callable[[str], object]) -> None:
    """Never returns."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    with socket.create_server(("127.0.0.1", 0)) as server:
        tell(str(server.getsockname()[1]))
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_serve_connection, args=(context, connection, tell), daemon=True).start()


def _serve_connection(context: ssl.SSLContext, raw: socket.socket, tell: Callable[[str], object]) -> None:
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with context.wrap_socket(raw, server_side=True) as connection, connection.makefile("rb") as stream:
            counted_bytes = 0
            while request_line := stream.readline():
                path = request_line.split()[1].decode()
                body = stream.read(_content_length(stream))
                at_seconds = time.monotonic()
                received_bytes = _bytes_received(connection)
                is_known = path in PATHS
                connection.sendall(b"HTTP/1.1 %s\r\n\r\n" % (b"204 No Content" if is_known else b"404 Not Found"))
                samples = count_samples(body) if path == TEXT_PATH else None
                tell(json.dumps(Arrival(path, at_seconds, received_bytes - counted_bytes, len(body), samples)))
                counted_bytes = received_bytes
    except OSError:
        pass  # the other side was ended, which is how every run ends


def _content_length(stream: Iterable[bytes]) -> int:
    """Reads the headers; without a Content-Length there is no body."""
    length = 0
    for line in stream:
        if line == b"\r\n":
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return length


def _bytes_received(connection: socket.socket) -> int:
    information = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES_RECEIVED.size)
    return TCP_INFO_BYTES_RECEIVED.unpack(information)[0]


class Receiver:
    """The process above, seen from its parent."""

    def __init__(self, certificate_file: Path, key_file: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.receiver", certificate_file, key_file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            start_new_session=True,
        )
        self._arrivals: list[Arrival] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.port = int(self._child.stdout.readline() or 0)
        self._reader.start()
        if not self.port:
            self.stop()
            raise BenchmarkError("the receiver did not start")

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def arrivals(self, path: str, from_seconds: float, to_seconds: float = float("inf")) -> list[Arrival]:
        with self._changed:
            return between(self._arrivals, path, from_seconds, to_seconds)

    def wait_for(self, path: str, from_seconds: float, limit_seconds: float) -> Arrival | None:
        """The first request on a path since then; None when the time limit is over."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: between(self._arrivals, path, from_seconds, float("inf")), limit_seconds
            )
            return found[0] if found else None

    def stop(self) -> None:
        self._child.stdin.close()
        self._child.wait()
        self._reader.join()
        self._child.stdout.close()

    def _read(self) -> None:
        for line in self._child.stdout:
            with self._changed:
                self._arrivals.append(Arrival(*json.loads(line)))
                self._changed.notify_all()


def main(arguments: Sequence[str]) -> None:
    lock = threading.Lock()

    def tell(line: str) -> None:
        with lock:
            print(line, flush=True)

    threading.Thread(target=serve, args=(arguments[0], arguments[1], tell), daemon=True).start()
    sys.stdin.read()  # until the parent closes it, or ends in whatever way


if __name__ == "__main__":
    main(sys.argv[1:])
