"""Asks a web server, and times each phase.

Whatever the server does, a probe reads so much and no more: of headers what h11 takes, of a body the first mebibyte.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import h11
import re2

from monitor_collector import __version__
from monitor_collector.probes.measured import Findings, ProbeFailure, because, connect
from monitor_collector.probes.tls import Trust, encrypt

REDIRECTS_MAX = 10
BODY_MAX_BYTES = 1024 * 1024
PHASES = ("resolve", "connect", "tls", "processing", "transfer")
_REDIRECTS = (301, 302, 303, 307, 308)
_READ_BYTES = 65536
_PORTS = {"http": 80, "https": 443}
_SHOWN_CHARACTERS = 100


class HttpCheck(NamedTuple):
    """`status` are the codes that are right; `body_matches` is an expression that the body must have a match of."""

    url: str
    method: str = "GET"
    status: frozenset[int] = frozenset(range(200, 300))
    body_matches: str | None = None
    headers: Mapping[str, str] = {}
    body: str = ""
    follow_redirects: bool = True
    verify: bool = True
    ca_file: Path | None = None

    @property
    def kind(self) -> str:
        return "http"

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    async def run(self, findings: Findings) -> None:
        try:
            await self._run(findings)
        finally:
            for phase in PHASES:
                findings.add("probe_http_duration_seconds", findings.phases.get(phase, 0.0), phase=phase)

    async def _run(self, findings: Findings) -> None:
        url, method, redirects = self.url, self.method, 0
        while True:
            answer = await self._ask(url, method, findings)
            if not (self.follow_redirects and answer.status in _REDIRECTS and answer.location):
                break
            redirects += 1
            if redirects > REDIRECTS_MAX:
                raise ProbeFailure(f"it redirects more than {REDIRECTS_MAX} times")
            url = _redirected(url, answer.location)
            if answer.status == 303 and method != "HEAD":
                method = "GET"
        findings.add("probe_http_status_code", answer.status)
        findings.add("probe_http_version", answer.version)
        findings.add("probe_http_redirects", redirects)
        findings.add("probe_http_ssl", float(answer.expires is not None))
        findings.add("probe_http_content_length", answer.content_length)
        findings.add("probe_http_uncompressed_body_length", len(answer.body))
        if answer.expires is not None:
            findings.add("probe_ssl_earliest_cert_expiry", answer.expires)
        findings.add("monitor_probe_failed_due_to_status", float(answer.status not in self.status))
        if self.body_matches is not None:
            matches = _expression(self.body_matches).search(answer.body) is not None
            findings.add("probe_failed_due_to_regex", float(not matches))
        if answer.status not in self.status:
            raise ProbeFailure(f"it answers with status {answer.status}")
        if self.body_matches is not None and not matches:
            raise ProbeFailure(f"its answer does not match {self.body_matches[:_SHOWN_CHARACTERS]!r}")

    async def _ask(self, url: str, method: str, findings: Findings) -> _Answer:
        """One request on a connection of its own. Raises ProbeFailure."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        reader, writer = await connect(host, parts.port or _PORTS[parts.scheme], findings)
        try:
            expires = None
            if parts.scheme == "https":
                with findings.phase("tls", "agreeing on encryption"):
                    expires = await encrypt(writer, host, Trust(self.verify, self.ca_file), findings)
            try:
                return await self._converse(reader, writer, parts, method, expires, findings)
            except h11.RemoteProtocolError as error:
                raise ProbeFailure(f"its answer is no HTTP: {error}") from None
            except OSError as error:
                raise ProbeFailure(f"the connection broke while {findings.doing}: {because(error)}") from None
        finally:
            writer.transport.abort()  # nobody waits for what a server has still to say

    async def _converse(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        parts: SplitResult,
        method: str,
        expires: float | None,
        findings: Findings,
    ) -> _Answer:
        connection = h11.Connection(h11.CLIENT)
        with findings.phase("processing", "waiting for an answer"):
            for event in self.request(parts, method):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            response = await _next_event(connection, reader)
            while isinstance(response, h11.InformationalResponse):
                response = await _next_event(connection, reader)
        assert isinstance(response, h11.Response)
        body = bytearray()
        with findings.phase("transfer", "reading the answer"):
            while len(body) < BODY_MAX_BYTES:
                event = await _next_event(connection, reader)
                if not isinstance(event, h11.Data):
                    break
                body += event.data
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
        length = headers.get("content-length", "")
        return _Answer(
            response.status_code,
            float(response.http_version),
            headers.get("location", ""),
            float(length) if length.isdigit() else -1.0,
            bytes(body[:BODY_MAX_BYTES]),
            expires,
        )

    def request(self, parts: SplitResult, method: str) -> list[h11.Request | h11.Data | h11.EndOfMessage]:
        """Raises h11.LocalProtocolError where what is asked for cannot be sent."""
        content = self.body.encode() if method == self.method else b""
        headers = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": f"monitor-collector/{__version__}",
            "Accept": "*/*",
            "Connection": "close",
        }
        # What may be secret is for the server that was named, not for wherever that leads.
        if parts.netloc == urlsplit(self.url).netloc:
            if parts.username is not None:
                headers["Authorization"] = _basic(unquote(parts.username), unquote(parts.password or ""))
            headers |= self.headers
        if content:
            headers["Content-Length"] = str(len(content))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = h11.Request(method=method, target=path, headers=list(headers.items()))
        return [request, *([h11.Data(content)] if content else []), h11.EndOfMessage()]


class _Answer(NamedTuple):
    """`expires` is when the certificate does, None without one; `content_length` is -1 where nobody says."""

    status: int
    version: float
    location: str
    content_length: float
    body: bytes
    expires: float | None


def _basic(user: str, password: str) -> str:
    """RFC 7617."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


async def _next_event(connection: h11.Connection, reader: asyncio.StreamReader) -> object:
    while True:
        event = connection.next_event()
        if event is not h11.NEED_DATA:
            return event
        received = await reader.read(_READ_BYTES)
        if not received and connection.their_state is h11.SEND_RESPONSE and not connection.trailing_data[0]:
            raise ProbeFailure("it closed the connection without an answer")
        connection.receive_data(received)


def _redirected(url: str, location: str) -> str:
    """Where a redirection leads. Raises ProbeFailure."""
    try:
        parts = urlsplit(urljoin(url, location))
        is_usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ProbeFailure(f"it redirects to {location[:_SHOWN_CHARACTERS]!r}, which is no http or https address")
    return parts._replace(fragment="").geturl()


@lru_cache(maxsize=1000)
def _expression(text: str) -> re2._Regexp:
    return re2.compile(text.encode())
