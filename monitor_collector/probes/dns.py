"""Asks a name server over UDP, and again over TCP where the answer does not fit into a packet."""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import NamedTuple

import re2

from monitor_collector.probes.dns_message import CODES, DnsAnswer, DnsError, question, read_answer
from monitor_collector.probes.measured import Findings, ProbeFailure, because, resolve, split_address

PACKET_MAX_BYTES = 65535


class DnsCheck(NamedTuple):
    """`expect` is an expression that one of the records, written in words, must have a match of."""

    server: str
    name: str
    type: str = "A"
    expect: str | None = None

    @property
    def kind(self) -> str:
        return "dns"

    @property
    def target(self) -> str:
        return f"{self.server} {self.name} {self.type}"

    async def run(self, findings: Findings) -> None:
        host, port = split_address(self.server)
        address, *_ = await resolve(host, findings)
        asked = question(secrets.randbits(16), self.name, self.type)
        with findings.phase("request", "waiting for an answer"):
            try:
                answer = await _over_udp(address.ip, address.version, port, asked)
                if answer.is_truncated:
                    answer = await _over_tcp(address.ip, port, asked)
            except OSError as error:
                raise ProbeFailure(f"{self.server} does not answer: {because(error)}") from None
            except (DnsError, asyncio.IncompleteReadError) as error:
                raise ProbeFailure(f"{self.server} gives no sensible answer: {error}") from None
        findings.add("probe_dns_answer_rrs", answer.answers)
        findings.add("probe_dns_authority_rrs", answer.authorities)
        findings.add("probe_dns_additional_rrs", answer.additionals)
        findings.add("probe_dns_query_succeeded", float(answer.code == 0))
        if answer.code:
            raise ProbeFailure(f"{self.server} answers {CODES.get(answer.code, answer.code)}")
        if not answer.records:
            raise ProbeFailure(f"{self.name} has no record of type {self.type}")
        if self.expect is not None:
            expression = re2.compile(self.expect)
            if not any(expression.search(record) for record in answer.records):
                raise ProbeFailure(f"no record matches {self.expect!r}: {', '.join(answer.records)[:100]}")


async def _over_udp(ip: str, version: int, port: int, asked: bytes) -> DnsAnswer:
    """Packets that are no answer to the question, as anybody may send them, are passed over. Raises OSError."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.setblocking(False)
        await loop.sock_connect(sending, (ip, port))
        await loop.sock_sendall(sending, asked)
        while True:
            packet = await loop.sock_recv(sending, PACKET_MAX_BYTES)
            if packet[:2] == asked[:2]:
                return read_answer(packet, asked)


async def _over_tcp(ip: str, port: int, asked: bytes) -> DnsAnswer:
    """Raises OSError, DnsError, asyncio.IncompleteReadError."""
    reader, writer = await asyncio.open_connection(ip, port)
    try:
        writer.write(len(asked).to_bytes(2, "big") + asked)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return read_answer(await reader.readexactly(length), asked)
    finally:
        writer.transport.abort()
