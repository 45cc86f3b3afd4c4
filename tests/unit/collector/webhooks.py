"""A real receiver of webhooks, and how tests wait for something to become true."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

PATIENCE_SECONDS = 20

Something = TypeVar("Something")


def wait_for(look: Callable[[], Something], what: str) -> Something:
    """What `look` returns, as soon as that is true; fails the test when it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return found


class Listener:
    """Collects what is posted to it, answering with `statuses` one after the other, then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.messages: list[dict[str, Any]] = []
        self.statuses = list(statuses)
        self.may_answer = threading.Event()
        self.may_answer.set()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.messages.append(json.loads(body))
                listener.may_answer.wait(PATIENCE_SECONDS)
                self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook/secret-path"

    def close(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def alerts(self, name: str) -> list[str]:
        """The states of the alerts of that name, in the order they were told."""
        return [
            alert["status"]
            for message in self.messages
            for alert in message["alerts"]
            if alert["labels"]["alertname"] == name
        ]
