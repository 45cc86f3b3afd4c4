"""Connects to a port, and where something is expected there, reads what the other side says first."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import re2

from monitor_collector.probes.measured import Findings, ProbeFailure, because, connect, split_address

GREETING_MAX_BYTES = 4096


class TcpCheck(NamedTuple):
    """`expect` is an expression that the first of what is said must have a match of."""

    address: str
    expect: str | None = None

    @property
    def kind(self) -> str:
        return "tcp"

    @property
    def target(self) -> str:
        return self.address

    async def run(self, findings: Findings) -> None:
        reader, writer = await connect(*split_address(self.address), findings)
        try:
            if self.expect is not None:
                await self._expect(reader, findings)
        finally:
            writer.transport.abort()

    async def _expect(self, reader: asyncio.StreamReader, findings: Findings) -> None:
        findings.doing = "waiting for what it says"
        expression = re2.compile((self.expect or "").encode())
        said = b""
        while len(said) < GREETING_MAX_BYTES:
            try:
                more = await reader.read(GREETING_MAX_BYTES)
            except OSError as error:
                raise ProbeFailure(f"the connection broke: {because(error)}") from None
            said = (said + more)[:GREETING_MAX_BYTES]
            if expression.search(said):
                findings.add("probe_failed_due_to_regex", 0)
                return
            if not more:
                break
        findings.add("probe_failed_due_to_regex", 1)
        raise ProbeFailure(f"what it says does not match {self.expect!r}: {said[:60].decode('utf-8', 'replace')!r}")
