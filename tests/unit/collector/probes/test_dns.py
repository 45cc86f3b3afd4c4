"""Questions to name servers, and what comes back."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.probes.dns import DnsCheck
from monitor_collector.probes.dns_message import TYPES, DnsAnswer, DnsError, question, read_answer
from monitor_collector.probes.measured import Findings, ProbeFailure
from tests.unit.collector.probes.servers import figures

POINTER = b"\xc0\x0c"  # to the name of the question
A = ipaddress.ip_address("192.0.2.7").packed


def record(kind: str, content: bytes, name: bytes = POINTER) -> bytes:
    return name + struct.pack("!HHIH", TYPES[kind], 1, 300, len(content)) + content


def answer(asked: bytes, *records: bytes, flags: int = 0x8180) -> bytes:
    return asked[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + asked[12:] + b"".join(records)


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("A", A, "192.0.2.7"),
        ("AAAA", ipaddress.ip_address("2001:db8::1").packed, "2001:db8::1"),
        ("CNAME", b"\x03www" + POINTER, "www.example.org."),
        ("NS", POINTER, "example.org."),
        ("PTR", b"\x01x\0", "x."),
        ("MX", b"\0\x0a\x04mail" + POINTER, "10 mail.example.org."),
        ("SRV", struct.pack("!HHH", 1, 2, 5060) + POINTER, "1 2 5060 example.org."),
        ("TXT", b"\x05v=abc\x02 d", "v=abc d"),
        ("SOA", POINTER + POINTER + struct.pack("!5I", 1, 2, 3, 4, 5), "example.org. example.org. 1 2 3 4 5"),
    ],
)
def test_records_are_read(kind: str, content: bytes, text: str) -> None:
    asked = question(7, "example.org", kind)
    assert read_answer(answer(asked, record(kind, content)), asked) == DnsAnswer(0, False, [text], 1, 0, 0)


def test_records_of_other_types_on_the_way_are_passed_over() -> None:
    asked = question(7, "example.org", "A")
    found = read_answer(answer(asked, record("CNAME", b"\x01x\0"), record("A", A)), asked)
    assert (found.records, found.answers) == (["192.0.2.7"], 2)


@pytest.mark.parametrize(
    "damage",
    [
        lambda message: b"",
        lambda message: b"\0\0" + message[2:],
        lambda message: message[:2] + b"\0\0" + message[4:],
        lambda message: message.replace(b"example", b"another"),
        lambda message: message[:-1],
        lambda message: message.replace(POINTER, b"\xc0\x1d"),  # to itself
        lambda message: message.replace(POINTER, b"\xc0\xff"),
        lambda message: message.replace(b"\0\x04\xc0\0", b"\0\x03\xc0\0"),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(damage: Callable[[bytes], bytes]) -> None:
    asked = question(7, "example.org", "A")
    good = answer(asked, record("A", A))
    assert damage(good) != good
    with pytest.raises(DnsError):
        read_answer(damage(good), asked)


@pytest.mark.parametrize("name", ["a..b", "x" * 64, ".".join(["abcdefgh"] * 40), "é" * 80])
def test_a_name_that_is_none_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(DnsError):
        question(1, name, "A")


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_bytes_come_there_is_an_answer_or_an_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(TYPES)))
    asked = question(7, "example.org", kind)
    message = bytearray(answer(asked, record(kind, data.draw(st.binary(max_size=40))), record(kind, POINTER)))
    for _ in range(data.draw(st.integers(0, 6))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DnsError):
        read_answer(bytes(message[: data.draw(st.integers(0, len(message)))]), asked)


class NameServer(asyncio.DatagramProtocol):
    """Answers each packet with what `replies` makes of it."""

    def __init__(self, replies: Callable[[bytes], list[bytes]]) -> None:
        self._replies = replies

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # It is one, and asyncio's class does not say so.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        for reply in self._replies(data):
            self._transport.sendto(reply, address)


def ask(
    replies: Callable[[bytes], list[bytes]], over_tcp: Callable[[bytes], bytes] | None = None, expect: str | None = None
) -> dict[str, float]:
    async def by_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert over_tcp is not None
        asked = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        reply = over_tcp(asked)
        writer.write(len(reply).to_bytes(2, "big") + reply)
        writer.close()

    async def work() -> dict[str, float]:
        loop = asyncio.get_running_loop()
        stream = await asyncio.start_server(by_tcp, "127.0.0.1", 0)
        port = stream.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(replies), ("127.0.0.1", port))
        findings = Findings()
        try:
            async with asyncio.timeout(5):
                await DnsCheck(f"127.0.0.1:{port}", "example.org", "A", expect).run(findings)
        finally:
            transport.close()
            stream.close()
            await stream.wait_closed()
        return figures(findings)

    return asyncio.run(work())


def test_an_answer_is_counted() -> None:
    found = ask(lambda asked: [answer(asked, record("A", A))], expect=r"^192\.0\.2\.7$")
    assert (found["probe_dns_answer_rrs"], found["probe_dns_query_succeeded"]) == (1, 1)


def test_packets_that_are_not_for_this_question_are_passed_over() -> None:
    def replies(asked: bytes) -> list[bytes]:
        return [b"", b"\0" * 600, bytes([asked[0] ^ 1]) + answer(asked)[1:], answer(asked, record("A", A))]

    assert ask(replies)["probe_dns_answer_rrs"] == 1


def test_an_answer_that_does_not_fit_is_asked_for_over_tcp() -> None:
    many = [record("A", A)] * 200
    found = ask(lambda asked: [answer(asked, flags=0x8380)], lambda asked: answer(asked, *many))
    assert found["probe_dns_answer_rrs"] == 200


@pytest.mark.parametrize(
    ("replies", "expect", "reason"),
    [
        (lambda asked: [answer(asked, flags=0x8183)], None, "answers NXDOMAIN"),
        (lambda asked: [answer(asked)], None, "example.org has no record of type A"),
        (lambda asked: [answer(asked, record("A", A))], "^10[.]", "no record matches '\\^10\\[.\\]': 192.0.2.7"),
        (lambda asked: [asked], None, "gives no sensible answer: this is no answer to the question"),
    ],
)
def test_what_is_not_expected_is_a_failure(replies: Callable[[bytes], list[bytes]], expect: str, reason: str) -> None:
    with pytest.raises(ProbeFailure, match=reason):
        ask(replies, expect=expect)
