"""Encrypts a connection, and finds out when the server's certificate ends, trusted or not."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from monitor_collector.probes.certificate import CertificateError, valid_until
from monitor_collector.probes.measured import Findings, ProbeFailure, because


class Trust(NamedTuple):
    """Whether the certificate must be trusted, and by whom: None is the system."""

    verify: bool
    ca_file: Path | None


async def encrypt(writer: asyncio.StreamWriter, host: str, trust: Trust, findings: Findings) -> float:
    """When the server's certificate ends, in Unix seconds. Raises ProbeFailure."""
    try:
        context = _context(trust)
    except OSError as error:
        raise ProbeFailure(f"its ca_file {trust.ca_file} cannot be used: {because(error)}") from None
    ip, port, *_ = writer.get_extra_info("peername")
    try:
        await writer.start_tls(context, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        findings.doing = "reading its certificate, which is not trusted"
        with suppress(OSError, CertificateError):
            findings.add("probe_ssl_earliest_cert_expiry", await _end_of_untrusted(ip, port, host))
        raise ProbeFailure(f"its certificate is not trusted: {error.verify_message}") from None
    except OSError as error:
        raise ProbeFailure(f"it does not speak TLS as it should: {because(error)}") from None
    try:
        return _end(writer)
    except CertificateError as error:
        raise ProbeFailure(f"its certificate cannot be read: {error}") from None


def _end(writer: asyncio.StreamWriter) -> float:
    """Raises CertificateError."""
    return valid_until(writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b"")


async def _end_of_untrusted(ip: str, port: int, host: str) -> float:
    """On another connection, as Python does not tell what it refuses. Raises OSError, CertificateError."""
    context = _context(Trust(verify=False, ca_file=None))
    _, writer = await asyncio.open_connection(ip, port, ssl=context, server_hostname=host)
    try:
        return _end(writer)
    finally:
        writer.transport.abort()


@lru_cache(maxsize=100)
def _context(trust: Trust) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=trust.ca_file)
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
