"""HTTP for pushes, on the same port as all else.

A push of a usual size goes from the parser of HTTP to `Ingest` without a task, a scope or messages in between, which
would cost more than what is done with it. Every other request is left to uvicorn: other paths, bodies that are large
or of unknown length, those that wait for `100 Continue`, and requests that come before the one before was answered.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from monitor_collector.ingest import Ingest
from monitor_collector.push_format import TAKEN, Answer

# A larger body is read only for who has shown a token, and with back-pressure: by `Ingest` as an ASGI application.
DIRECT_MAX_BYTES = 1024 * 1024


class _Nobody:
    """Who would wait for more of a request that is there as a whole."""

    def set(self) -> None:
        pass


class _PushCycle:
    """A push that is being received or answered, with what uvicorn wants to know of a request that is under way."""

    message_event = _Nobody()

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.chunks: list[bytes] = []


class PushProtocol(HttpToolsProtocol):
    """uvicorn's, for a collector that pushes come to."""

    def __init__(self, ingest: Ingest, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._ingest = ingest
        self._paths = {path.encode(): path for path in ingest.formats}

    def on_headers_complete(self) -> None:
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self.url in self._paths and not self.expect_100_continue and self._has_usual_size():
            is_kept = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            self.cycle = _PushCycle(is_kept)  # type: ignore[assignment]
        else:
            super().on_headers_complete()

    def _has_usual_size(self) -> bool:
        length = next((value for name, value in self.headers if name == b"content-length"), b"")
        return length.isdigit() and int(length) <= DIRECT_MAX_BYTES

    def on_body(self, body: bytes) -> None:
        if isinstance(self.cycle, _PushCycle):
            self.cycle.chunks.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if not isinstance(cycle, _PushCycle):
            super().on_message_complete()
            return

        def answer(found: Answer) -> None:
            self._answer(cycle, found)

        method = self.parser.get_method().decode("ascii")
        self._ingest.handle(method, self._paths[self.url], dict(self.headers), b"".join(cycle.chunks), answer)

    def _answer(self, cycle: _PushCycle, answer: Answer) -> None:
        cycle.response_complete = True
        if cycle.disconnected:
            return
        lines = [STATUS_LINE[answer.status]]
        lines += [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        if answer is not TAKEN:
            lines += [f"{name.lower()}: {value}\r\n".encode("latin-1") for name, value in answer.headers.items()]
            if answer.body:
                lines.append(b"content-type: text/plain; charset=utf-8\r\n")
            if answer.status != 204:
                lines.append(b"content-length: %d\r\n" % len(answer.body))
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        self.transport.write(b"".join([*lines, b"\r\n", answer.body]))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
