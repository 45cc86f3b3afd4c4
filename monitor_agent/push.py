"""Hands batches to the collector, the newest first, each until it is acknowledged.

| answer | what becomes of the batch |
|---|---|
| 2xx | acknowledged: deleted here |
| 429, 503 with Retry-After | kept, tried again after that time |
| 408, 429, 5xx | kept, tried again after a pause that doubles from 1 s to 60 s, with jitter |
| 401, 403 | the same: a token that is being changed must not cost data |
| none at all | the same with at most 10 s: a collector that is back must not look for a minute at silent hosts |
| anything else | put aside in rejected/ with the answer, counted; the next one has its turn |

While there is a backlog, several batches go in one request: gzip members may follow one another. It is sent at a
limited rate, so that a collector that was away is not flooded by all of its hosts.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable

from monitor_agent.clock import clock_offset_seconds
from monitor_agent.connection import Answer, Connection, HungUp, NotHttp, Unreadable
from monitor_agent.failover import Failover
from monitor_agent.log import WARNING, log
from monitor_agent.spool import Batch, Spool
from monitor_agent.troubles import Troubles

REQUEST_MAX_BYTES = 1024 * 1024
REQUEST_LEAST_BYTES = 16 * 1024
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_UNANSWERED_SECONDS = 1.0, 60.0, 10.0
# More than this is a mistake: nobody wants to be without a host's data for longer.
LONGEST_RETRY_AFTER_SECONDS = 3600.0
RETRY_AFTER_SPREAD = 0.1  # so that hosts that were sent away together do not come back together
WRONG_CLOCK_SECONDS = 10.0
TRY_AGAIN = (401, 403, 408, 429)
REMEMBERED_REJECTIONS = 50
WITHOUT_DIGITS = str.maketrans("", "", "0123456789")


def random_ratio() -> float:
    """From 0 to 1; the random module would cost 0.4 MB."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


class Pusher:
    """Empties the spool. `push_once` does one request and says how long to pause before the next.

    A backlog is sent in requests that take no longer than half an interval, so that the newest batch never waits for
    more than that. `acknowledged_ms` is told when the newest batch that has been acknowledged was taken.
    """

    def __init__(
        self,
        spool: Spool,
        connection: Connection | Failover,
        interval_seconds: float,
        backlog_bytes_per_second: float,
        troubles: Troubles,
        acknowledged_ms: Callable[[int], None] = lambda taken_ms: None,
        subject: str = "push",
        jitter: Callable[[], float] = random_ratio,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`subject` tells this pusher's troubles from those of another one; `jitter` gives numbers from 0 to 1."""
        self._spool = spool
        self._connection = connection
        self._interval_seconds = interval_seconds
        self._backlog_bytes_per_second = backlog_bytes_per_second
        self._troubles = troubles
        self._acknowledged_ms = acknowledged_ms
        self._subject = subject
        self._jitter = jitter
        self._clock = clock
        self._failures = 0
        self._newest_pushed_ms = -1
        self._request_bytes = REQUEST_MAX_BYTES
        self._told_rejections: set[str] = set()
        self.sent = self.retried = self.rejected = 0
        self.push_seconds = 0.0
        self.clock_offset_seconds: float | None = None

    def push_once(self) -> float:
        """Sends what is most urgent. Returns seconds to pause; 0 when there may be more to send at once."""
        found = [(batch, self._spool.read(batch)) for batch in self._choose()]
        batches = [batch for batch, content in found if content is not None]
        if not batches:
            return 0.0
        started, sent_seconds = self._clock(), time.time()
        try:
            answer = self._connection.post(b"".join(content for _, content in found if content is not None))
        except OSError as error:
            text = in_plain_words(error, self._connection.address)
            return self._try_again(batches, None, text, longest_pause_seconds=LONGEST_PAUSE_UNANSWERED_SECONDS)
        finally:
            self.push_seconds = self._clock() - started
        if answer.date_seconds is not None:
            self._compare_clocks(sent_seconds, answer.date_seconds)
        if 200 <= answer.status < 300:
            return self._acknowledged(batches)
        if answer.status in TRY_AGAIN or answer.status >= 500:
            text = f"collector at {self._connection.address} answered {answer.status}: {answer.text or 'nothing more'}"
            return self._try_again(batches, answer.retry_after_seconds, text, kind=str(answer.status))
        if len(batches) > 1:
            # One of them is at fault, or they are too much together: a smaller part finds out.
            self._request_bytes = sum(batch.size_bytes for batch in batches) // 2
        else:
            self._rejected(batches[0], answer)
        return 0.0

    def _compare_clocks(self, sent_seconds: float, date_seconds: float) -> None:
        offset_seconds = clock_offset_seconds(sent_seconds, sent_seconds + self.push_seconds, date_seconds)
        self.clock_offset_seconds = offset_seconds
        subject = f"clock {self._subject}"
        if abs(offset_seconds) < WRONG_CLOCK_SECONDS:
            self._troubles.clear(subject, "the host's clock agrees with the collector's again")
            return
        direction = "behind" if offset_seconds > 0 else "ahead of"
        text = f"the host's clock is {abs(offset_seconds):.0f} s {direction} the collector's: is it synchronised?"
        self._troubles.report(subject, text, kind=direction)

    def _choose(self) -> list[Batch]:
        """The newest batch if it has not been sent yet, so that alarms see the present; else the oldest ones."""
        newest = self._spool.newest()
        if newest is None:
            return []
        if newest.taken_ms > self._newest_pushed_ms:
            return [newest]
        rate_bytes = int(self._backlog_bytes_per_second * self._interval_seconds / 2)
        return self._spool.oldest(min(self._request_bytes, rate_bytes))

    def _acknowledged(self, batches: list[Batch]) -> float:
        waiting = len(self._spool)
        is_backlog = batches[-1].taken_ms <= self._newest_pushed_ms
        for batch in batches:
            self._spool.remove(batch)
        self._settled(batches)
        self.sent += len(batches)
        self._acknowledged_ms(self._newest_pushed_ms)
        if self.push_seconds > self._interval_seconds / 2:
            self._request_bytes = max(self._request_bytes // 2, REQUEST_LEAST_BYTES)
        else:
            self._request_bytes = min(max(self._request_bytes, REQUEST_LEAST_BYTES) * 2, REQUEST_MAX_BYTES)
        waited = "1 batch was waiting" if waiting == 1 else f"{waiting} batches were waiting"
        self._troubles.clear(self._subject, f"pushing to {self._connection.address} again; {waited}")
        if not is_backlog or not len(self._spool):
            return 0.0
        size_bytes = sum(batch.size_bytes for batch in batches)
        return max(size_bytes / self._backlog_bytes_per_second - self.push_seconds, 0.0)

    def _rejected(self, batch: Batch, answer: Answer) -> None:
        text = f"{answer.status} {answer.text}"
        self._spool.reject(batch, text)
        self._settled([batch])
        self.rejected += 1
        self._request_bytes = REQUEST_MAX_BYTES
        kind = text.translate(WITHOUT_DIGITS) + str(answer.status)  # the same complaint about another line is no news
        if kind not in self._told_rejections:
            if len(self._told_rejections) >= REMEMBERED_REJECTIONS:
                self._told_rejections.clear()
            self._told_rejections.add(kind)
            log(
                WARNING,
                f"collector at {self._connection.address} will not take a batch, "
                f"it is in rejected/{batch.name} of the spool: {text}",
            )

    def _settled(self, batches: list[Batch]) -> None:
        """The collector has answered for good."""
        self._newest_pushed_ms = max(self._newest_pushed_ms, *(batch.taken_ms for batch in batches))
        self._failures = 0

    def _try_again(
        self,
        batches: list[Batch],
        retry_after_seconds: float | None,
        text: str,
        kind: str = "",
        longest_pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> float:
        self._troubles.report(self._subject, text, kind)
        self.retried += len(batches)
        if retry_after_seconds is not None:
            pause = min(retry_after_seconds, LONGEST_RETRY_AFTER_SECONDS)
            return pause * (1 + RETRY_AFTER_SPREAD * self._jitter())
        pause = min(longest_pause_seconds, FIRST_PAUSE_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        return pause * (0.5 + self._jitter() / 2)


def in_plain_words(error: OSError, url: str) -> str:
    """What a person should know about a push that got no answer, and where to look."""
    collector = f"collector at {url}"
    if isinstance(error, ConnectionRefusedError):
        return f"{collector} refused the connection: is monitor-collector running there?"
    if isinstance(error, Unreadable):
        return str(error)
    if isinstance(error, NotHttp):
        return f"{collector} does not speak HTTP: {error}; is the port right, and should it be https?"
    if isinstance(error, HungUp):
        return f"{collector} closed the connection before it had answered: does it restart, or expect https?"
    if isinstance(error, (socket.timeout, TimeoutError)):
        return f"{collector} did not answer in time: is it overloaded, or does a firewall drop the packets?"
    if isinstance(error, socket.gaierror):
        return f"{collector} cannot be found: its name does not resolve ({error.strerror})"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"{collector} cannot be reached: there is no way to that network"
    if getattr(error, "verify_message", ""):
        return f"{collector} showed a certificate that is not trusted: {error.verify_message}; is ca_file right?"
    return f"{collector} cannot be reached: {error or type(error).__name__}"
