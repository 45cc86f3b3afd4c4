"""One kept-open HTTP connection, against a real server and its bad days."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor_agent.connection import Connection, HungUp, NotHttp, Unreadable
from monitor_agent.push import in_plain_words
from monitor_agent.url import parse_url
from tests.unit.agent.conftest import Server

BODY = gzip.compress(b"m 1 1000\n")


@pytest.fixture
def connect() -> Iterator[Callable[..., Connection]]:
    made: list[Connection] = []

    def make(url: str, **settings: object) -> Connection:
        made.append(Connection(parse_url(url), **{"timeout_seconds": 5, **settings}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for connection in made:
        connection.close()


def test_one_connection_serves_many_pushes(server: Server, connect: Callable[..., Connection]) -> None:
    connection = connect(server.url)
    server.answers = [(204, {}), (400, {}), (503, {}), (204, {})]
    assert [connection.post(BODY).status for _ in range(4)] == [204, 400, 503, 204]
    assert len(server.connections) == 1


def test_a_connection_that_the_collector_closed_meanwhile_is_opened_again(
    server: Server, connect: Callable[..., Connection]
) -> None:
    connection = connect(server.url)
    connection.post(BODY)
    server.answers = [b""]
    assert connection.post(BODY).status == 204
    assert len(server.bodies) == 3
    assert len(server.connections) == 2


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 40", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 50\r\n\r\nonly the beginning"]
)
def test_a_collector_that_hangs_up_in_the_middle_has_not_answered(
    server: Server, connect: Callable[..., Connection], answer: bytes
) -> None:
    server.answers = [answer]
    with pytest.raises(HungUp):
        connect(server.url).post(BODY)


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (b"HTTP/1.1 400 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nline \r\n2;x=y\r\n 7\r\n0\r\n\r\n", 400, "line  7"),
        (b"HTTP/1.0 500 X\r\n\r\nall until the end", 500, "all until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (b"HTTP/1.1 413 X\r\nContent-Length: 900000\r\n\r\n" + b"x" * 5000, 413, "x" * 4096),
    ],
)
def test_every_way_to_end_an_answer_is_understood(
    server: Server, connect: Callable[..., Connection], answer: bytes, status: int, text: str
) -> None:
    server.answers = [answer]
    assert connect(server.url).post(BODY)[:2] == (status, text)


def test_something_that_is_no_http_is_said_to_be_so(server: Server, connect: Callable[..., Connection]) -> None:
    server.answers = [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"]
    with pytest.raises(NotHttp) as error:
        connect(server.url).post(BODY)
    assert "does not speak HTTP" in in_plain_words(error.value, server.url)


def test_a_silent_collector_costs_no_more_than_the_time_limit(connect: Callable[..., Connection]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(OSError, match="timed out") as error:
            connect(url, timeout_seconds=0.05).post(BODY)
    assert "did not answer in time" in in_plain_words(error.value, url)


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_token_that_is_refused_is_read_again(
    server: Server, connect: Callable[..., Connection], tmp_path: Path, refusal: int
) -> None:
    path = tmp_path / "token"
    path.write_text("old\n")
    connection = connect(server.url, token_file=str(path))
    server.answers = [(204, {}), (refusal, {})]
    connection.post(BODY)
    path.write_text("new\n")
    for _ in range(3):
        connection.post(BODY)
    sent = [headers["Authorization"] for headers in server.headers]
    assert sent == ["Bearer old", "Bearer old", "Bearer new", "Bearer new"]


def test_a_token_that_cannot_be_read_is_named(server: Server, connect: Callable[..., Connection]) -> None:
    with pytest.raises(Unreadable, match="the token in /nonexistent/token cannot be read: No such file"):
        connect(server.url, token_file="/nonexistent/token").post(BODY)


@pytest.fixture
def expires_in_days() -> int:
    return 1


@pytest.fixture
def certificate(tmp_path: Path, expires_in_days: int) -> Path:
    """A certificate for 127.0.0.1 that signed itself, with its key."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "monitor")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=expires_in_days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def tls_url(certificate: Path) -> Iterator[str]:
    """A server that answers 204 to whatever comes, over TLS."""
    import contextlib
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                while secure.recv(65536):
                    secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/"
    thread.join()


def test_pushes_go_over_tls_to_a_collector_with_the_right_certificate(
    tls_url: str, certificate: Path, connect: Callable[..., Connection]
) -> None:
    connection = connect(tls_url, ca_file=str(certificate))
    assert [connection.post(BODY).status for _ in range(2)] == [204, 204]
    connection.close()


def test_a_certificate_of_another_is_refused_in_plain_words(tls_url: str, connect: Callable[..., Connection]) -> None:
    with pytest.raises(OSError, match="certificate verify failed") as error:
        connect(tls_url).post(BODY)
    assert "certificate that is not trusted" in in_plain_words(error.value, tls_url)


@pytest.mark.parametrize("expires_in_days", [-1])
def test_a_certificate_that_has_expired_is_refused_in_plain_words(
    tls_url: str, certificate: Path, connect: Callable[..., Connection]
) -> None:
    with pytest.raises(OSError, match="certificate has expired") as error:
        connect(tls_url, ca_file=str(certificate)).post(BODY)
    assert "certificate that is not trusted: certificate has expired" in in_plain_words(error.value, tls_url)


def test_a_missing_ca_file_is_named_before_anything_is_sent(connect: Callable[..., Connection]) -> None:
    with pytest.raises(Unreadable, match=r"the certificates in /nonexistent/ca\.pem cannot be read"):
        connect("https://127.0.0.1:1/", ca_file="/nonexistent/ca.pem").post(BODY)
