"""What a format of pushes is: how a request's headers name it, and how its body becomes samples.

All else about a push (who may send it, how large it may be, where it is stored, how it is counted) is the same for
every format and done in `ingest`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from monitor_collector.samples import Batch
from monitor_collector.wal_records import Encoding, Record


class Refusal(Exception):
    """The answer to a push that is not taken: an HTTP status, the reason in words, and headers."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


class Answer(NamedTuple):
    """What a push is answered with."""

    status: int
    headers: Mapping[str, str]
    body: bytes


TAKEN = Answer(204, {}, b"")


def taken(dropped: int) -> Answer:
    """The answer to a push that is stored, but for so many samples that were left out for their time."""
    return Answer(204, {"X-Monitor-Dropped-Samples": str(dropped)}, b"") if dropped else TAKEN


class Format(Protocol):
    """`encodings` are those of the log that this format writes, and so reads again after a restart."""

    encodings: frozenset[Encoding]

    def encoding(self, headers: Mapping[bytes, bytes]) -> Encoding:
        """How a body with these headers (names in lower case) is to be read. Raises Refusal."""
        ...

    def batch(self, record: Record) -> Batch:
        """The samples of a body, those without a timestamp at its arrival. Raises Refusal."""
        ...

    def answer(self, whole: Batch, dropped: int) -> Answer:
        """The answer to a push when its samples, but for those dropped for their time, are stored."""
        ...
