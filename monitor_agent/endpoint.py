"""`/metrics` for those who scrape: the last collection, over HTTP, to one client after another."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

from monitor_agent.compression import compress
from monitor_agent.connection import TokenFile, Unreadable
from monitor_agent.troubles import Troubles

HEAD_MAX_BYTES = 8192
CLIENT_LIMIT_SECONDS = 5.0  # one that is slower is sent away: others wait
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}


class Endpoint:
    """Listens as soon as it is made; raises OSError when it cannot. `page` gives the text of /metrics.

    Where there is a token, a request must show it as a bearer token. Two agents may listen on one address during an
    upgrade.
    """

    def __init__(self, address: tuple[str, int], token_file: str, page: Callable[[], str], troubles: Troubles) -> None:
        self._token = TokenFile(token_file)
        self._page = page
        self._troubles = troubles
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._socket.bind(address)
            self._socket.listen(16)
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        threading.Thread(target=self._run, name="listen", daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which close() alone does not
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                if self._socket.fileno() < 0 or not self._is_listening():
                    return
                time.sleep(1)  # out of file descriptors: it may get better
                continue
            with client, contextlib.suppress(OSError):
                client.sendall(self._answer(read_head(client)))

    def _is_listening(self) -> bool:
        return bool(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))

    def _answer(self, head: str) -> bytes:
        request, *lines = head.split("\r\n")
        method, _, rest = request.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if " HTTP/1." not in rest:
            return response(400, "this is no HTTP request\n")
        if path != "/metrics":
            return response(404, "metrics are at /metrics\n")
        if method not in ("GET", "HEAD"):
            return response(405, "this can only be read\n", "Allow: GET, HEAD\r\n")
        if not self._may_read(headers.get("authorization", "")):
            return response(401, "the bearer token is missing or wrong\n", "WWW-Authenticate: Bearer\r\n")
        return response(200, self._page(), is_compressed="gzip" in headers.get("accept-encoding", ""), method=method)

    def _may_read(self, authorization: str) -> bool:
        self._token.forget()  # those who scrape are few, and a changed token counts at once
        try:
            wanted = self._token.header()
            self._troubles.clear("listen", "the token for /metrics can be read again")
        except Unreadable as error:
            self._troubles.report("listen", f"/metrics answers nobody: {error}")
            return False
        if not wanted:
            return True
        import hmac  # 1 MB that an agent without such a token need not pay

        shown = f"Authorization: {authorization}\r\n"
        return hmac.compare_digest(shown.encode("utf-8", "replace"), wanted.encode())


def read_head(client: socket.socket) -> str:
    """The request's line and headers; raises OSError when they do not come in time, or are too long."""
    deadline = time.monotonic() + CLIENT_LIMIT_SECONDS
    received = b""
    while b"\r\n\r\n" not in received:
        left = deadline - time.monotonic()
        if left <= 0 or len(received) > HEAD_MAX_BYTES:
            raise TimeoutError("no request")
        client.settimeout(left)
        chunk = client.recv(HEAD_MAX_BYTES)
        if not chunk:
            raise ConnectionError("closed before the request was complete")
        received += chunk
    client.settimeout(CLIENT_LIMIT_SECONDS)
    return received.partition(b"\r\n\r\n")[0].decode("latin-1")


def response(status: int, text: str, more: str = "", is_compressed: bool = False, method: str = "GET") -> bytes:
    body = text.encode("utf-8", "replace")
    if is_compressed:
        body = compress(body)
        more += "Content-Encoding: gzip\r\n"
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
        f"{more}Connection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == "HEAD" else body)
