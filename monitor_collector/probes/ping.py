"""Asks a host for an echo over ICMP, by the kind of socket that needs no privilege (Linux, icmp(7)).

The kernel fills in identifier and checksum, and gives each socket the answers to what was sent through it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import NamedTuple

from monitor_collector.probes.measured import Findings, ProbeFailure, because, resolve

_PAYLOAD_BYTES = 32
_HEADER = struct.Struct("!BBHHH")
# RFC 792 and RFC 4443: the types of a request and of its answer.
_TYPES = {4: (8, 0), 6: (128, 129)}
_FAMILIES = {
    4: (socket.AF_INET, socket.IPPROTO_ICMP),
    6: (socket.AF_INET6, socket.IPPROTO_ICMPV6),
}
_NOT_PERMITTED = "this user may not ping: the sysctl net.ipv4.ping_group_range says which groups may"


class PingCheck(NamedTuple):
    """A host's name or address."""

    address: str

    @property
    def kind(self) -> str:
        return "ping"

    @property
    def target(self) -> str:
        return self.address

    async def run(self, findings: Findings) -> None:
        address, *_ = await resolve(self.address, findings)
        family, protocol = _FAMILIES[address.version]
        with findings.phase("setup", "opening a socket"):
            try:
                sending = socket.socket(family, socket.SOCK_DGRAM, protocol)
            except PermissionError:
                raise ProbeFailure(_NOT_PERMITTED) from None
        with sending:
            sending.setblocking(False)
            with findings.phase("rtt", "waiting for the echo"):
                try:
                    await _echo(sending, address.ip, *_TYPES[address.version])
                except OSError as error:
                    raise ProbeFailure(f"no echo: {because(error)}") from None
        for phase in ("resolve", "setup", "rtt"):
            findings.add("probe_icmp_duration_seconds", findings.phases[phase], phase=phase)


async def _echo(sending: socket.socket, ip: str, request: int, answer: int) -> None:
    """Returns when the echo has come. Raises OSError."""
    loop = asyncio.get_running_loop()
    payload = os.urandom(_PAYLOAD_BYTES)
    await loop.sock_connect(sending, (ip, 0))
    await loop.sock_sendall(sending, _HEADER.pack(request, 0, 0, 0, 1) + payload)
    while True:
        packet = await loop.sock_recv(sending, 2048)
        if len(packet) >= _HEADER.size and packet[0] == answer and packet[_HEADER.size :] == payload:
            return
