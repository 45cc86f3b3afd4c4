"""One HTTP/1.1 connection that is kept open and only ever POSTs.

http.client would do it too, but brings TLS and the mail package with it: 7 MB where TLS is not used, 2 MB where it is.
"""

from __future__ import annotations

import re
import socket
import time
from collections import namedtuple
from collections.abc import Callable

from monitor_agent.http_date import parse_http_date
from monitor_agent.url import Url

HEAD_MAX_BYTES = 65536
TEXT_MAX_BYTES = 4096  # of an answer's body; nobody reads more of a complaint
CHUNK_BYTES = 65536
HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{1,8}")

# What the collector said. `retry_after_seconds` is None where it did not say; `date_seconds` is its clock, since 1970,
# or None.
Answer = namedtuple("Answer", ("status", "text", "retry_after_seconds", "date_seconds"), defaults=(None, None))


class NotHttp(OSError):
    """The other side answered something that is no HTTP."""


class Unreadable(OSError):
    """A file that the request needs, the certificate or the token, cannot be used."""


class HungUp(ConnectionError):
    """The other side closed the connection before its answer was complete."""


class TokenFile:
    """A bearer token, read at first and after `forget`; no token where the path is ""."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._header = ""
        self._is_known = not path

    def forget(self) -> None:
        self._is_known = not self._path

    def header(self) -> str:
        """The Authorization line; raises Unreadable."""
        if not self._is_known:
            self._header = f"Authorization: Bearer {self._read()}\r\n"
            self._is_known = True
        return self._header

    def _read(self) -> str:
        try:
            with open(self._path, encoding="ascii") as file:
                token = file.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"the token in {self._path} cannot be read: {reason(error)}") from error
        if not token.isprintable():
            raise Unreadable(f"the token in {self._path} has more than one line")
        return token


class Connection:
    """POSTs to one address. Each `post` raises OSError when there is no answer within the time limit.

    A collector that sends its answer byte by byte may take twice as long: each step has the limit, and so has the sum.
    """

    def __init__(
        self,
        url: Url,
        timeout_seconds: float,
        ca_file: str = "",
        token_file: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = url.text
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._token = TokenFile(token_file)
        self._clock = clock
        self._socket: socket.socket | None = None
        self._received = b""
        self._deadline = 0.0
        self._host = url.host.encode("ascii")  # as text it would have the tables of international names loaded: 0.1 MB
        host = f"[{url.host}]" if ":" in url.host else url.host
        self._head = (
            f"POST {url.path} HTTP/1.1\r\nHost: {host}:{url.port}\r\nUser-Agent: monitor-agent\r\n"
            "Content-Type: text/plain; version=0.0.4\r\nContent-Encoding: gzip\r\n"
        )

    def post(self, body: bytes) -> Answer:
        head = f"{self._head}{self._token.header()}Content-Length: {len(body)}\r\n\r\n".encode("ascii")
        was_open = self._socket is not None
        try:
            answer = self._exchange(head + body)
        except OSError as error:
            # A connection that stood idle may have been closed by the peer; only a fresh one tells whether it is there.
            if not was_open or isinstance(error, (socket.timeout, TimeoutError)):
                raise
            answer = self._exchange(head + body)
        if answer.status in (401, 403):
            self._token.forget()  # it may have been changed
        return answer

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes) -> Answer:
        self._deadline = self._clock() + self._timeout_seconds
        try:
            if self._socket is None:
                self._socket = self._open()
                self._received = b""
            self._socket.sendall(request)
            return self._read_answer()
        except BaseException:
            self.close()
            raise

    def _open(self) -> socket.socket:
        if self._url.scheme == "http":
            return self._connect()
        import ssl  # 5 MB that an agent without TLS need not pay

        try:
            # Made for each connection, so that a renewed ca_file is used.
            context = ssl.create_default_context(cafile=self._ca_file or None)
        except OSError as error:
            raise Unreadable(f"the certificates in {self._ca_file} cannot be read: {reason(error)}") from error
        connection = self._connect()
        try:
            return context.wrap_socket(connection, server_hostname=self._host)
        except BaseException:
            connection.close()
            raise

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._host, self._url.port), timeout=self._timeout_seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _receive(self) -> bool:
        """Adds what has come to `_received`; False when the peer has closed."""
        if self._clock() > self._deadline:
            raise socket.timeout("timed out")
        chunk = self._socket.recv(CHUNK_BYTES)
        self._received += chunk
        return bool(chunk)

    def _take_until(self, mark: bytes) -> bytes:
        while mark not in self._received:
            if len(self._received) > HEAD_MAX_BYTES:
                raise NotHttp(f"an answer without end: {self._received[:80]!r}")
            if not self._receive():
                raise HungUp("the connection was closed before the answer was complete")
        taken, _, self._received = self._received.partition(mark)
        return taken

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            if not self._receive():
                raise HungUp("the connection was closed before the answer was complete")
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _read_answer(self) -> Answer:
        status = 100
        while 100 <= status < 200:  # 100 Continue and its like come before the answer
            status, headers = self._read_head()
        if status in (204, 304):
            text = b""
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            text = self._read_chunks()
        elif headers.get("content-length", "").isdecimal():
            text = self._read_sized(int(headers["content-length"]))
        else:
            text = self._read_to_the_end()
        if headers.get("connection", "").lower() == "close":
            self.close()
        date_seconds = parse_http_date(headers.get("date", ""))
        retry_after_seconds = parse_retry_after(headers.get("retry-after", ""), date_seconds)
        return Answer(status, text.decode("utf-8", "replace").strip(), retry_after_seconds, date_seconds)

    def _read_head(self) -> tuple[int, dict[str, str]]:
        status_line, *lines = self._take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, rest = status_line.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise NotHttp(f"the answer begins with {status_line[:80]!r}")
        pairs = (line.partition(":") for line in lines)
        return int(rest[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _read_sized(self, size: int) -> bytes:
        if size <= TEXT_MAX_BYTES:
            return self._take(size)
        text = self._take(TEXT_MAX_BYTES)
        self.close()  # cheaper than reading the rest
        return text

    def _read_chunks(self) -> bytes:
        text = b""
        while len(text) <= TEXT_MAX_BYTES:
            size_line = self._take_until(b"\r\n").partition(b";")[0].strip()
            if not HEXADECIMAL.fullmatch(size_line):
                raise NotHttp(f"a chunk begins with {size_line[:80]!r}")
            size = int(size_line, 16)
            if size == 0:
                while self._take_until(b"\r\n"):
                    pass  # trailers
                return text
            text += self._read_sized(size)
            if self._socket is None:
                return text
            self._take_until(b"\r\n")
        self.close()
        return text[:TEXT_MAX_BYTES]

    def _read_to_the_end(self) -> bytes:
        while len(self._received) < TEXT_MAX_BYTES and self._receive():
            pass
        self.close()
        return self._received[:TEXT_MAX_BYTES]


def parse_retry_after(text: str, now_seconds: float | None) -> float | None:
    """Seconds to wait; a date in the header is as far away as it is from the answer's own Date."""
    if text.isdecimal():
        return float(text)
    date_seconds = parse_http_date(text)
    if date_seconds is None or now_seconds is None:
        return None
    return max(date_seconds - now_seconds, 0.0)


def reason(error: Exception) -> str:
    """An error without its number and file name."""
    return getattr(error, "strerror", None) or str(error)
