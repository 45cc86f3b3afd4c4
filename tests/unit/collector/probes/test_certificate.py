"""When a certificate ends."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.probes.certificate import CertificateError, valid_until


def made(directory: Path, *arguments: str) -> bytes:
    """A certificate in DER."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-outform", "DER"]
    files = ["-keyout", str(directory / "key.pem"), "-out", str(directory / "certificate.der")]
    subprocess.run([*command, *files, *arguments], check=True, capture_output=True)
    return (directory / "certificate.der").read_bytes()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made(tmp_path_factory.mktemp("certificate"), "-days", "100")


def test_the_end_is_what_openssl_says(certificate: bytes, tmp_path: Path) -> None:
    # From 2050 on the time is written in another way.
    for der in (certificate, made(tmp_path, "-days", "20000")):
        command = ["openssl", "x509", "-inform", "DER", "-noout", "-enddate"]
        said = subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode().strip()
        expected = datetime.strptime(said.removeprefix("notAfter="), "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
        assert valid_until(der) == expected.timestamp()


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_bytes_come_there_is_an_end_or_an_error(certificate: bytes, data: st.DataObject) -> None:
    damaged = bytearray(certificate[: data.draw(st.integers(0, len(certificate)))])
    for _ in range(data.draw(st.integers(0, 5)) if damaged else 0):
        damaged[data.draw(st.integers(0, min(len(damaged), 300) - 1))] = data.draw(st.integers(0, 255))
    with suppress(CertificateError):
        assert valid_until(bytes(damaged)) > -1e11
