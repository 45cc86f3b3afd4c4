"""Takes alerts as webhooks and tells its parent when each first fired: one line of JSON each.

It runs in a process of its own, so that its work is nobody else's CPU time. The first line that it prints is its port;
it ends with its standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.errors import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent


class Ring(NamedTuple):
    """A firing alert in a message: the path that it was sent to, the value of the label that was asked for, and when it
    had arrived, by time.monotonic(), which is the same clock in all processes of a machine."""

    path: str
    value: str
    at_seconds: float


def rings_of(path: str, body: bytes, label: str, at_seconds: float) -> Iterator[Ring]:
    """The firing alerts of a message in Alertmanager's format that have the label."""
    message: Mapping[str, Any] = json.loads(body)
    for alert in message["alerts"]:
        if alert["status"] == "firing" and label in alert["labels"]:
            yield Ring(path, alert["labels"][label], at_seconds)


class Webhook:
    """The process, seen from its parent."""

    def __init__(self, label: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.webhook", label],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            start_new_session=True,
        )
        self._first: dict[tuple[str, str], float] = {}
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.port = int(self._child.stdout.readline() or 0)
        self._reader.start()
        if not self.port:
            self.stop()
            raise BenchmarkError("the webhook did not start")

    def __enter__(self) -> Webhook:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for(self, path: str, value: str, limit_seconds: float) -> float | None:
        """When it first rang; None when the time limit is over."""
        with self._changed:
            self._changed.wait_for(lambda: (path, value) in self._first, limit_seconds)
            return self._first.get((path, value))

    def stop(self) -> None:
        self._child.stdin.close()
        self._child.wait()
        self._reader.join()
        self._child.stdout.close()

    def _read(self) -> None:
        for line in self._child.stdout:
            ring = Ring(*json.loads(line))
            with self._changed:
                self._first.setdefault((ring.path, ring.value), ring.at_seconds)
                self._changed.notify_all()


def main(label: str) -> None:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            at_seconds = time.monotonic()
            self.send_response(204)
            self.end_headers()
            with lock:
                for ring in rings_of(self.path, body, label, at_seconds):
                    print(json.dumps(ring), flush=True)

        def log_message(self, *_: object) -> None:
            pass  # each line that is printed is a ring

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # until the parent closes it, or ends in whatever way


if __name__ == "__main__":
    main(sys.argv[1])
