"""What a probe has found: the words that all kinds of probes share."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple, Protocol

# Looking up a name takes a thread, for as long as the name servers let it wait.
_RESOLVERS = 64
_resolving = ThreadPoolExecutor(_RESOLVERS, "resolve")
_UNKNOWN_NAME = {
    socket.EAI_NONAME: "the name is not known",
    socket.EAI_NODATA: "the name is known, but not with an address",
    socket.EAI_AGAIN: "no name server answers",
}
_TLS_TROUBLE = {"WRONG_VERSION_NUMBER": "it answers without encryption"}


class ProbeFailure(Exception):
    """What was found is not what was asked for; the text says why, for people."""


class Sample(NamedTuple):
    """A figure; `labels` are those besides the probe's own."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class Findings:
    """Filled while a probe runs, so that what was found before a failure is told too. Times are in seconds."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        # What is being done now, for whoever must say what took too long.
        self.doing = "starting"
        self.phases: dict[str, float] = {}

    def add(self, name: str, value: float, **labels: str) -> None:
        self.samples.append(Sample(name, value, tuple(labels.items())))

    @contextmanager
    def phase(self, name: str, doing: str) -> Iterator[None]:
        """Counts the time until the end, also of one that fails."""
        self.doing = doing
        started = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0.0) + time.monotonic() - started


class Check(Protocol):
    """What is to be measured, and how."""

    @property
    def kind(self) -> str: ...

    @property
    def target(self) -> str:
        """As it stands in the label `target`, without secrets."""
        ...

    async def run(self, findings: Findings) -> None:
        """Returns on success. Raises ProbeFailure and OSError. May be cancelled at any moment."""
        ...


class Address(NamedTuple):
    """Where a name leads: an IP address, and the version of its protocol."""

    ip: str
    version: int


async def resolve(host: str, findings: Findings) -> list[Address]:
    """The addresses of a host, of which there is one at least, in the order to try them in. Raises ProbeFailure."""
    with findings.phase("resolve", f"looking up {host}"):
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            addresses = await _looked_up(host)
        else:
            addresses = [Address(str(ip), ip.version)]
    findings.add("probe_dns_lookup_time_seconds", findings.phases["resolve"])
    findings.add("probe_ip_protocol", addresses[0].version)
    return addresses


async def _looked_up(host: str) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_resolving, _addresses, host)
    except UnicodeError:
        raise ProbeFailure(f"{host} has no address: a name cannot be written like that") from None
    except socket.gaierror as error:
        raise ProbeFailure(f"{host} has no address: {_UNKNOWN_NAME.get(error.errno) or error.strerror}") from None


def _addresses(host: str) -> list[Address]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [Address(str(address[0]), 6 if family == socket.AF_INET6 else 4) for family, _, _, _, address in found]


async def connect(host: str, port: int, findings: Findings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address of a host that takes one. Raises ProbeFailure."""
    addresses = await resolve(host, findings)
    reasons = []
    with findings.phase("connect", "connecting"):
        for address in addresses:
            place = f"{address.ip} port {port}"
            findings.doing = f"connecting to {place}"
            try:
                streams = await asyncio.open_connection(address.ip, port)
            except ConnectionRefusedError:
                reasons.append(f"connection refused by {place}")
            except OSError as error:
                reasons.append(f"no connection to {place}: {because(error)}")
            else:
                findings.add("probe_ip_protocol", address.version)
                return streams
    raise ProbeFailure("; ".join(reasons))


def split_address(text: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`. Raises ValueError."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\s\[\]]+)):(\d{1,5})", text)
    if not found or not 0 < int(found[3]) < 65536:
        raise ValueError("must be a host and a port, for example web-1:22 or [::1]:22")
    return found[1] or found[2], int(found[3])


def because(error: OSError) -> str:
    """Why a connection failed, in words."""
    if isinstance(error, ssl.SSLError):
        return _TLS_TROUBLE.get(error.reason) or (error.reason or str(error)).replace("_", " ").lower()
    # asyncio has texts of its own, for programmers, or none.
    number = error.errno or (errno.ECONNRESET if isinstance(error, ConnectionResetError) else None)
    return (os.strerror(number) if number else str(error) or type(error).__name__).lower()
