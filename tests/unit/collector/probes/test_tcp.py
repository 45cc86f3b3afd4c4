"""Probes of ports."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from monitor_collector.probes import measured
from monitor_collector.probes.measured import Address, Findings, ProbeFailure, split_address
from monitor_collector.probes.tcp import TcpCheck
from tests.unit.collector.probes.servers import Conversation, figures, hang, measure, serving


def saying(*pieces: bytes) -> Conversation:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    return conversation


def test_a_port_that_can_be_connected_to_is_a_success() -> None:
    found = figures(measure(lambda port: TcpCheck(f"127.0.0.1:{port}"), hang))
    assert found["probe_ip_protocol"] == 4


def test_what_it_says_may_come_in_pieces() -> None:
    found = figures(measure(lambda port: TcpCheck(f"127.0.0.1:{port}", "^SSH-2"), saying(b"SS", b"H-2.0-x\r\n")))
    assert found["probe_failed_due_to_regex"] == 0


@pytest.mark.parametrize("said", [b"HTTP/1.1 400\r\n", b"", b"x" * 100_000])
def test_something_else_is_a_failure(said: bytes) -> None:
    with pytest.raises(ProbeFailure, match="what it says does not match '\\^SSH'"):
        measure(lambda port: TcpCheck(f"127.0.0.1:{port}", "^SSH"), saying(said))


def test_nobody_listens() -> None:
    async def work() -> None:
        async with serving(hang) as port:
            pass
        await TcpCheck(f"127.0.0.1:{port}").run(Findings())

    with pytest.raises(ProbeFailure, match=r"^connection refused by 127.0.0.1 port \d+$"):
        asyncio.run(work())


def test_why_no_address_of_a_host_can_be_connected_to_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(ip: str, port: int) -> None:
        number = errno.EHOSTUNREACH if ip == "::1" else errno.ECONNREFUSED
        raise OSError(number, f"Connect call failed ({ip!r}, {port})")

    monkeypatch.setattr(asyncio, "open_connection", refuse)
    monkeypatch.setattr(measured, "_addresses", lambda _: [Address("::1", 6), Address("127.0.0.1", 4)])
    findings = Findings()
    with pytest.raises(ProbeFailure) as caught:
        asyncio.run(TcpCheck("web-1:22").run(findings))
    assert str(caught.value) == (
        "no connection to ::1 port 22: no route to host; connection refused by 127.0.0.1 port 22"
    )
    assert findings.doing == "connecting to 127.0.0.1 port 22"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (socket.EAI_NONAME, "the name is not known"),
        (socket.EAI_AGAIN, "no name server answers"),
        (socket.EAI_FAIL, "as the system says"),
    ],
)
def test_why_a_name_has_no_address_is_told(monkeypatch: pytest.MonkeyPatch, number: int, reason: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "as the system says")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ProbeFailure, match=f"^web-1 has no address: {reason}$"):
        asyncio.run(TcpCheck("web-1:22").run(Findings()))


@pytest.mark.parametrize(("text", "address"), [("web-1:22", ("web-1", 22)), ("[::1]:53", ("::1", 53))])
def test_addresses_have_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert split_address(text) == address


@pytest.mark.parametrize("text", ["", "web-1", "web-1:", ":22", "web-1:0", "web-1:65536", "a b:22", "::1:53"])
def test_other_texts_are_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="must be a host and a port"):
        split_address(text)
