"""Hands batches to the collector: over one kept-open connection, the newest first, each until it is acknowledged.

2xx: acknowledged, deleted here. 429, 5xx, 401, 403, and no answer: tried again after a pause that doubles up to a
minute, or after `Retry-After`. (401 and 403 too, so that a token being changed costs no data.) Any other answer: the
batch is put aside with it, and the next one has its turn.
"""

from __future__ import annotations

import http.client
import os
import random
import urllib.parse
from typing import Callable, NamedTuple

from monitor_agent.config import Config
from monitor_agent.log import Troubles
from monitor_agent.spool import Batch, Spool

REQUEST_MAX_BYTES = 1024 * 1024
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
TRY_AGAIN = (401, 403, 408, 429)


class Answer(NamedTuple):
    """What the collector said; `retry_after_seconds` is None where it did not say."""

    status: int
    text: str
    retry_after_seconds: float | None


class Connection:
    """POSTs to one address, keeping the connection open; raises OSError or HTTPException when that fails."""

    def __init__(self, config: Config) -> None:
        self._url = urllib.parse.urlsplit(config.url)
        self._config = config
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> Answer:
        reused = self._connection is not None
        try:
            return self._post(body)
        except (OSError, http.client.HTTPException):
            self.close()
            if not reused:
                raise
        # The peer may have closed a connection that stood idle; a fresh one tells whether it is there.
        try:
            return self._post(body)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes) -> Answer:
        if self._connection is None:
            self._connection = self._open()
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        self._connection.request("POST", path, body, self._headers())
        response = self._connection.getresponse()
        text = response.read(4096).decode("utf-8", "replace")
        if response.read(1) or response.will_close:
            self.close()
        retry_after = response.getheader("Retry-After", "")
        return Answer(response.status, text, float(retry_after) if retry_after.isdigit() else None)

    def _open(self) -> http.client.HTTPConnection:
        timeout = self._config.timeout_seconds
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        import ssl  # costs 7 MB, which an agent without TLS need not pay

        context = ssl.create_default_context(cafile=self._config.ca_file or None)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "text/plain; version=0.0.4", "Content-Encoding": "gzip"}
        if self._config.token_file:
            with open(self._config.token_file, encoding="ascii") as file:
                headers["Authorization"] = f"Bearer {file.read().strip()}"
        return headers


class Pusher:
    """Empties the spool. `push_once` does one request and says how long to pause before the next."""

    def __init__(
        self, spool: Spool, post: Callable[[bytes], Answer], url: str, jitter: Callable[[], float] = random.random
    ) -> None:
        self._spool = spool
        self._post = post
        self._url = url
        self._jitter = jitter
        self._troubles = Troubles()
        self._failures = 0
        self._newest_pushed = -1
        self.sent = self.retried = self.rejected = 0

    def push_once(self) -> float:
        """Sends what is most urgent. Returns seconds to pause; 0 when there may be more to send at once."""
        batches = self._choose()
        contents = [(batch, self._spool.read(batch)) for batch in batches]
        whole = [(batch, content) for batch, content in contents if content is not None]
        if not whole:
            return 0.0
        try:
            answer = self._post(b"".join(content for _, content in whole))
        except (OSError, http.client.HTTPException) as error:
            return self._failed(self._in_plain_words(error), None)
        if 200 <= answer.status < 300:
            self._acknowledged([batch for batch, _ in whole])
            return 0.0
        text = f"{self._url} answered {answer.status}: {answer.text.strip() or 'nothing more'}"
        if answer.status in TRY_AGAIN or answer.status >= 500:
            return self._failed(text, answer.retry_after_seconds)
        if len(whole) > 1:
            # One of several is at fault: find out which by sending them one by one.
            whole = whole[:1]
            try:
                answer = self._post(whole[0][1])
            except (OSError, http.client.HTTPException) as error:
                return self._failed(self._in_plain_words(error), None)
            if 200 <= answer.status < 300:
                self._acknowledged([whole[0][0]])
                return 0.0
        self._troubles.report("rejected", f"a batch was put aside: {text}")
        self._spool.reject(whole[0][0], f"{answer.status} {answer.text}")
        self.rejected += 1
        return 0.0

    def _choose(self) -> list[Batch]:
        """The newest batch if it has not been sent yet, so that alarms see the present; else the oldest ones."""
        newest = self._spool.newest()
        if newest is None:
            return []
        if newest.taken_ms > self._newest_pushed:
            return [newest]
        return self._spool.oldest(REQUEST_MAX_BYTES)

    def _acknowledged(self, batches: list[Batch]) -> None:
        for batch in batches:
            self._spool.remove(batch)
        self._newest_pushed = max(self._newest_pushed, max(batch.taken_ms for batch in batches))
        self.sent += len(batches)
        self._failures = 0
        self._troubles.clear("push", f"pushing to {self._url} again; {len(self._spool)} batches are waiting")

    def _failed(self, text: str, retry_after_seconds: float | None) -> float:
        self._troubles.report("push", text)
        self.retried += 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        if retry_after_seconds is not None:
            return min(retry_after_seconds, LONGEST_PAUSE_SECONDS)
        return pause * (0.5 + self._jitter() / 2)

    def _in_plain_words(self, error: Exception) -> str:
        if isinstance(error, ConnectionRefusedError):
            return f"{self._url} refused the connection: does the collector run there?"
        if isinstance(error, TimeoutError):
            return f"{self._url} did not answer in time"
        if isinstance(error, OSError) and error.filename:
            return f"cannot read {error.filename}: {os.strerror(error.errno or 0)}"
        return f"{self._url} cannot be reached: {error or type(error).__name__}"
