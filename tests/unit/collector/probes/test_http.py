"""Probes of web servers, of which most misbehave."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor_collector.probes.http import BODY_MAX_BYTES, HttpCheck
from monitor_collector.probes.measured import Findings, ProbeFailure
from tests.unit.collector.probes.servers import Conversation, answering, figures, hang, measure, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
DAY = 86_400


def check(**settings: Any) -> Callable[[int], HttpCheck]:
    path = settings.pop("path", "/")
    return lambda port: HttpCheck(f"http://127.0.0.1:{port}{path}", **settings)


def test_an_answer_is_measured_as_blackbox_exporter_does() -> None:
    found = figures(measure(check(), answering(OK)))
    phases = {name.split()[1]: value for name, value in found.items() if name.startswith("probe_http_duration_seconds")}
    assert phases.keys() == {"resolve", "connect", "tls", "processing", "transfer"}
    assert phases["connect"] > 0 < phases["processing"]
    assert phases["tls"] == 0
    others = {name: value for name, value in found.items() if "duration" not in name and "lookup" not in name}
    assert others == {
        "probe_ip_protocol": 4,
        "probe_http_status_code": 200,
        "monitor_probe_failed_due_to_status": 0,
        "probe_http_version": 1.1,
        "probe_http_redirects": 0,
        "probe_http_ssl": 0,
        "probe_http_content_length": 5,
        "probe_http_uncompressed_body_length": 5,
    }


def test_what_is_asked_for_is_sent() -> None:
    seen = b""

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen = await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(4)
        writer.write(OK)

    def made(port: int) -> HttpCheck:
        url = f"http://me:p%40ss@127.0.0.1:{port}/a/b?c=d"
        return HttpCheck(url, method="POST", body="ping", headers={"X-Token": "secret"})

    measure(made, conversation)
    assert seen.startswith(b"POST /a/b?c=d HTTP/1.1\r\n")
    assert b"X-Token: secret\r\n" in seen
    assert b"Authorization: Basic bWU6cEBzcw==\r\n" in seen
    assert seen.endswith(b"\r\n\r\nping")
    assert made(80).target == "http://127.0.0.1:80/a/b?c=d"


@pytest.mark.parametrize(
    ("settings", "answer", "reason"),
    [
        ({}, b"HTTP/1.1 503 No\r\n\r\n", "it answers with status 503"),
        ({"status": frozenset({401})}, OK, "it answers with status 200"),
        ({"body_matches": "w[o]rld"}, OK, "its answer does not match 'w[o]rld'"),
        ({}, b"SSH-2.0-OpenSSH\r\n", "its answer is no HTTP"),
        ({}, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "its answer is no HTTP"),
        ({}, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "its answer is no HTTP"),
        ({}, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000_000, "its answer is no HTTP"),
        ({}, b"", "it closed the connection without an answer"),
        ({}, b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", "it redirects to 'file:///etc/passwd'"),
        ({}, b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n", "it redirects to 'http://['"),
        ({}, b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n", "it redirects more than 10 times"),
        ({"follow_redirects": False}, b"HTTP/1.1 302 F\r\nLocation: /x\r\n\r\n", "it answers with status 302"),
    ],
)
def test_a_server_that_misbehaves_fails_with_the_reason(settings: dict[str, Any], answer: bytes, reason: str) -> None:
    with pytest.raises(ProbeFailure) as caught:
        measure(check(**settings), answering(answer))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ({"status": frozenset({503})}, b"HTTP/1.1 503 No\r\n\r\n"),
        ({"body_matches": "^h.*o$"}, OK),
        ({"follow_redirects": False, "status": frozenset({302})}, b"HTTP/1.1 302 F\r\nLocation: /x\r\n\r\n"),
        ({}, b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
        ({"method": "HEAD"}, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_what_is_expected_is_a_success(settings: dict[str, Any], answer: bytes) -> None:
    measure(check(**settings), answering(answer))


@pytest.mark.parametrize(
    ("settings", "is_wrong"),
    [
        ({"status": frozenset({201})}, 1),
        ({"status": frozenset({201}), "body_matches": "x"}, 1),
        ({"body_matches": "x"}, 0),
    ],
)
def test_a_wrong_status_is_told_from_a_wrong_body(settings: dict[str, Any], is_wrong: float) -> None:
    async def work() -> Findings:
        findings = Findings()
        async with serving(answering(OK)) as port:
            with pytest.raises(ProbeFailure):
                await check(**settings)(port).run(findings)
        return findings

    assert figures(asyncio.run(work()))["monitor_probe_failed_due_to_status"] == is_wrong


def test_redirections_are_followed_and_secrets_are_not_taken_along() -> None:
    seen: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async def work() -> Findings:
        findings = Findings()
        async with serving(elsewhere) as target:
            location = f"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:{target}/new\r\n\r\n".encode()
            async with serving(answering(location)) as port:
                await HttpCheck(f"http://u:p@127.0.0.1:{port}/", headers={"X-Token": "secret"}).run(findings)
        return findings

    assert figures(asyncio.run(work()))["probe_http_redirects"] == 1
    assert seen[0].startswith(b"GET /new ")
    assert b"secret" not in seen[0]
    assert b"Authorization" not in seen[0]


def test_a_server_that_sends_without_end_is_read_to_a_limit() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(1024 * 1024))
            await writer.drain()

    found = figures(measure(check(), conversation))
    assert found["probe_http_uncompressed_body_length"] == BODY_MAX_BYTES
    assert found["probe_http_content_length"] == -1


def test_nobody_listens() -> None:
    async def work() -> None:
        async with serving(hang) as port:
            pass
        await HttpCheck(f"http://127.0.0.1:{port}/").run(Findings())

    with pytest.raises(ProbeFailure, match=r"^connection refused by 127.0.0.1 port \d+$"):
        asyncio.run(work())


def test_a_name_without_an_address_fails_with_the_name() -> None:
    with pytest.raises(ProbeFailure, match=r"nobody.invalid has no address: "):
        asyncio.run(HttpCheck("http://nobody.invalid/").run(Findings()))


def test_a_name_that_cannot_be_one_fails_in_words() -> None:
    with pytest.raises(ProbeFailure, match=r"a\.\.b has no address: a name cannot be written like that"):
        asyncio.run(HttpCheck("http://a..b/").run(Findings()))


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A byte of the body now and then, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("conversation", "doing"),
    [(hang, "waiting for an answer"), (trickle, "reading the answer")],
    ids=["hangs", "trickles"],
)
def test_whoever_waits_for_a_slow_server_knows_for_what(conversation: Conversation, doing: str) -> None:
    async def work() -> Findings:
        findings = Findings()
        async with serving(conversation) as port:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await check()(port).run(findings)
        return findings

    findings = asyncio.run(work())
    assert findings.doing == doing
    assert "probe_http_duration_seconds processing" in figures(findings)


def certificate(directory: Path, days: int, *arguments: str) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS with a certificate of its own, which ends in so many days."""
    key, file = directory / "key.pem", directory / "certificate.pem"
    subject = [
        "-subj",
        "/CN=elsewhere",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=CA:TRUE",
    ]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)]
    subprocess.run([*command, "-keyout", key, "-out", file, *subject, *arguments], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    return context, file


def test_a_trusted_certificate_is_measured(tmp_path: Path) -> None:
    context, file = certificate(tmp_path, 30)
    found = figures(measure(lambda port: HttpCheck(f"https://127.0.0.1:{port}/", ca_file=file), answering(OK), context))
    assert found["probe_http_ssl"] == 1
    assert found["probe_http_duration_seconds tls"] > 0
    assert abs(found["probe_ssl_earliest_cert_expiry"] - time.time() - 30 * DAY) < DAY


def test_a_certificate_that_nobody_trusts_is_a_failure_unless_that_does_not_matter(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, 30)
    with pytest.raises(ProbeFailure, match="its certificate is not trusted: self"):
        measure(lambda port: HttpCheck(f"https://127.0.0.1:{port}/"), answering(OK), context)
    found = figures(measure(lambda port: HttpCheck(f"https://127.0.0.1:{port}/", verify=False), answering(OK), context))
    assert abs(found["probe_ssl_earliest_cert_expiry"] - time.time() - 30 * DAY) < DAY


def test_a_certificate_for_another_name_is_a_failure(tmp_path: Path) -> None:
    context, file = certificate(tmp_path, 30)
    with pytest.raises(ProbeFailure, match="its certificate is not trusted: Hostname mismatch"):
        measure(lambda port: HttpCheck(f"https://localhost:{port}/", ca_file=file), answering(OK), context)


def test_when_a_certificate_ends_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    """One that has ended is of this kind."""
    context, _ = certificate(tmp_path, 30)

    async def work() -> Findings:
        findings = Findings()
        async with serving(answering(OK), context) as port:
            with pytest.raises(ProbeFailure, match="its certificate is not trusted: self"):
                await HttpCheck(f"https://127.0.0.1:{port}/").run(findings)
        return findings

    found = figures(asyncio.run(work()))
    assert abs(found["probe_ssl_earliest_cert_expiry"] - time.time() - 30 * DAY) < DAY
    assert "probe_http_status_code" not in found


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH\r\n")


async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


@pytest.mark.parametrize(
    ("conversation", "reason"), [(greet, "it answers without encryption"), (leave, "connection reset by peer")]
)
def test_a_server_without_tls_is_a_failure(conversation: Conversation, reason: str) -> None:
    with pytest.raises(ProbeFailure, match=f"it does not speak TLS as it should: {reason}$"):
        measure(lambda port: HttpCheck(f"https://127.0.0.1:{port}/"), conversation)


def test_authorities_that_cannot_be_read_are_not_the_servers_fault(tmp_path: Path) -> None:
    def check(port: int) -> HttpCheck:
        return HttpCheck(f"https://127.0.0.1:{port}/", ca_file=tmp_path / "ca.pem")

    with pytest.raises(ProbeFailure, match=r"its ca_file .*/ca.pem cannot be used: no such file or directory"):
        measure(check, hang)
    (tmp_path / "ca.pem").write_text("nothing of the kind")
    with pytest.raises(ProbeFailure, match=r"its ca_file .*/ca.pem cannot be used: no certificate or crl found"):
        measure(check, hang)
