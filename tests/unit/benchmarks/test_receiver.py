"""The receiver counts what comes to it, from either side."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.certificates import Files, make_certificates
from benchmarks.receiver import REMOTE_WRITE_PATH, TEXT_PATH, Arrival, Receiver, between, count_samples

BODY = gzip.compress(b"# HELP a A.\n# TYPE a gauge\na 1 1000\nb 2 1000\n")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def receiver(certificates: Files) -> Iterator[Receiver]:
    with Receiver(certificates.certificate, certificates.key) as running:
        yield running


def connect(receiver: Receiver, authority: Path) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=authority)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", receiver.port)), server_hostname="127.0.0.1")


def post(connection: ssl.SSLSocket, path: str, body: bytes) -> bytes:
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection.recv(4096)


def test_both_sides_are_taken_on_one_open_connection(receiver: Receiver, certificates: Files) -> None:
    begun = time.monotonic()
    with connect(receiver, certificates.authority) as connection:
        for path in (TEXT_PATH, REMOTE_WRITE_PATH):
            assert post(connection, path, BODY).startswith(b"HTTP/1.1 204 ")
            assert receiver.wait_for(path, begun, limit_seconds=10)
        assert post(connection, "/elsewhere", BODY).startswith(b"HTTP/1.1 404 ")


def test_the_handshake_counts_for_the_first_request_and_its_frames_for_each(
    receiver: Receiver, certificates: Files
) -> None:
    begun = time.monotonic()
    with connect(receiver, certificates.authority) as connection:
        for _ in range(3):
            post(connection, TEXT_PATH, BODY)
        post(connection, REMOTE_WRITE_PATH, BODY)  # what is told comes in order: so the others have come too
        assert receiver.wait_for(REMOTE_WRITE_PATH, begun, limit_seconds=10).samples is None
    first, second, third = receiver.arrivals(TEXT_PATH, begun)
    assert first.wire_bytes > second.wire_bytes == third.wire_bytes > third.body_bytes == len(BODY)
    assert third.samples == 2


def test_an_arrival_that_does_not_come_is_none(receiver: Receiver) -> None:
    assert receiver.wait_for(TEXT_PATH, float("inf"), limit_seconds=0.01) is None


def test_what_came_in_a_span_of_time_includes_its_beginning_and_not_its_end() -> None:
    arrivals = [Arrival(TEXT_PATH, float(second), 1, 1, 1) for second in range(5)]
    arrivals.append(Arrival(REMOTE_WRITE_PATH, 2.0, 1, 1, None))
    assert [each.at_seconds for each in between(arrivals, TEXT_PATH, 1.0, 3.0)] == [1.0, 2.0]


names = st.from_regex("[a-z]+", fullmatch=True)
comments = st.text(st.characters(codec="ascii", exclude_characters="\n\r\v\f\x1c\x1d\x1e"), max_size=20)


@given(st.lists(names), st.lists(comments))
def test_every_line_that_is_no_comment_is_a_sample(samples: list[str], comments: list[str]) -> None:
    lines = [f"{name} 1" for name in samples] + [f"# {comment}" for comment in comments] + [""]
    assert count_samples(gzip.compress("\n".join(sorted(lines)).encode())) == len(samples)
