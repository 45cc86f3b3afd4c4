#!/usr/bin/env python3
"""The lab's sample workload: an HTTP service with a cheap, a medium and a heavy page.

    GET /           a line of text
    GET /stackless  some milliseconds of processor time: a deep recursion's sum, computed without the stack
    GET /work       about ten times as much: a password hash
    GET /metrics    how often each was asked for, and how long that took, in Prometheus' text format

Standard library only, so that it runs wherever the agent does.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STACKLESS_DEPTH = 20_000
HASH_ROUNDS = 60_000


def greet() -> str:
    return "hello"


def sum_without_stack() -> str:
    """The sum that f(n) = n + f(n - 1) would give, with a list in place of the call stack."""
    pending, total = [STACKLESS_DEPTH], 0
    while pending:
        number = pending.pop()
        total += number
        if number > 0:
            pending.append(number - 1)
    return str(total)


def hash_password() -> str:
    return hashlib.pbkdf2_hmac("sha256", b"correct horse", b"battery staple", HASH_ROUNDS).hex()


PAGES = {"/": greet, "/stackless": sum_without_stack, "/work": hash_password}


class Figures:
    """How many requests there were by page and status, and how many seconds they took by page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: dict[str, float] = dict.fromkeys(PAGES, 0.0)

    def count(self, page: str, status: int, seconds: float) -> None:
        with self._lock:
            self._requests[page, status] += 1
            if page in self._seconds:
                self._seconds[page] += seconds

    def text(self) -> str:
        with self._lock:
            requests, seconds = dict(self._requests), dict(self._seconds)
        lines = ["# HELP demo_requests_total Requests that were answered.", "# TYPE demo_requests_total counter"]
        for page in PAGES:
            requests.setdefault((page, 200), 0)
        for (page, status), count in sorted(requests.items()):
            lines.append(f'demo_requests_total{{endpoint="{page}",code="{status}"}} {count}')
        lines.append("# HELP demo_request_duration_seconds_total Time that answering took.")
        lines.append("# TYPE demo_request_duration_seconds_total counter")
        for page, total in sorted(seconds.items()):
            lines.append(f'demo_request_duration_seconds_total{{endpoint="{page}"}} {total:.6f}')
        return "\n".join(lines)


FIGURES = Figures()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        started = time.monotonic()
        page = FIGURES.text if self.path == "/metrics" else PAGES.get(self.path)
        status, text = (200, page()) if page else (404, f"no page {self.path}; there are {', '.join(PAGES)}")
        if self.path != "/metrics":
            FIGURES.count(self.path if page else "other", status, time.monotonic() - started)
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Says nothing: a load test would fill the journal."""


class Server(ThreadingHTTPServer):
    """Lets many wait, and says nothing of clients that leave early, as those of a load test do at its end."""

    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    Server(("", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
