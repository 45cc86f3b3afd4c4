"""HTTP for pushes, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from monitor_collector import push_protocol
from monitor_collector.head import Head
from monitor_collector.ingest import PATH, Ingest
from monitor_collector.metrics import Metrics
from monitor_collector.push_protocol import PushProtocol
from monitor_collector.server import Application, HttpServer
from monitor_collector.wal import Wal

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
NOW_MS = 1_700_000_000_000
OTHER = b"GET /other HTTP/1.1\r\nHost: c\r\n\r\n"


def push(body: bytes, *headers: str, method: str = "POST", version: str = "1.1") -> bytes:
    lines = [f"{method} {PATH} HTTP/{version}", "Host: c", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def answer(reader: Reader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:-2])
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", 0)))


class Side:
    """A server with the protocol, and the ingest behind it."""

    def __init__(self, directory: Path) -> None:
        self.wal = Wal(directory)
        self.head = Head(3600)
        self.ingest = Ingest(self.head, self.wal, Metrics(), lambda: NOW_MS)
        self.ingest.is_open = True

    def run(self, work: Callable[[Reader, Writer], Awaitable[None]]) -> None:
        async def everything() -> None:
            rest = Starlette(routes=[Route("/other", lambda _: PlainTextResponse("other"))])
            settings = uvicorn.Config(
                Application(self.ingest, rest),
                http=partial(PushProtocol, self.ingest),
                ws="none",
                lifespan="off",
                log_config=None,
                port=0,
            )
            settings.load()
            server = HttpServer(settings)
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0)
            reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
            try:
                await asyncio.wait_for(work(reader, writer), 20)
            finally:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()
                server.stop()
                await serving
                await self.wal.close()

        asyncio.run(everything())


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return Side(tmp_path)


def test_pushes_and_other_requests_share_a_connection(side: Side) -> None:
    async def work(reader: Reader, writer: Writer) -> None:
        for _ in range(2):
            writer.write(push(b"a 1\n"))
            assert (await answer(reader))[0] == 204
            writer.write(OTHER)
            assert (await answer(reader))[2] == b"other"

    side.run(work)
    assert side.head.series_count == 1


def test_a_push_that_comes_in_pieces_is_taken_whole(side: Side) -> None:
    async def work(reader: Reader, writer: Writer) -> None:
        for byte in push(b"a 1\nb 2\n"):
            writer.write(bytes([byte]))
            await writer.drain()
        assert (await answer(reader))[0] == 204

    side.run(work)
    assert side.head.series_count == 2


def test_a_push_that_is_refused_is_told_why_and_the_connection_goes_on(side: Side) -> None:
    async def work(reader: Reader, writer: Writer) -> None:
        writer.write(push(b"a one\n"))
        status, headers, body = await answer(reader)
        assert (status, body) == (400, b"line 1: 'one' is no number\n")
        assert headers["content-type"] == "text/plain; charset=utf-8"
        writer.write(push(b"", method="PUT"))
        status, headers, body = await answer(reader)
        assert (status, headers["allow"], body) == (405, "post", b"metrics are pushed with POST\n")
        writer.write(push(b"a 1\n"))
        assert (await answer(reader))[0] == 204

    side.run(work)


def test_requests_that_do_not_wait_are_answered_in_their_order(side: Side) -> None:
    async def work(reader: Reader, writer: Writer) -> None:
        writer.write(push(b"a 1\n") + push(b"a one\n") + OTHER + push(b"b 1\n"))
        assert [(await answer(reader))[0] for _ in range(4)] == [204, 400, 200, 204]

    side.run(work)
    assert side.head.series_count == 2


@pytest.mark.parametrize(("headers", "version"), [(("Connection: close",), "1.1"), ((), "1.0")])
def test_a_connection_that_is_not_kept_is_closed_after_the_answer(
    side: Side, headers: tuple[str, ...], version: str
) -> None:
    async def work(reader: Reader, writer: Writer) -> None:
        writer.write(push(b"a 1\n", *headers, version=version))
        status, found, _ = await answer(reader)
        assert (status, found["connection"]) == (204, "close")
        assert await reader.read() == b""

    side.run(work)


def test_what_is_large_or_in_chunks_or_waits_is_left_to_uvicorn(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_protocol, "DIRECT_MAX_BYTES", 10)

    async def work(reader: Reader, writer: Writer) -> None:
        writer.write(push(b"a 1\nb 2\nc 3\n"))
        assert (await answer(reader))[0] == 204
        head = f"POST {PATH} HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode() + b"4\r\nd 4\n\r\n0\r\n\r\n")
        assert (await answer(reader))[0] == 204
        whole = push(b"e 5\n", "Expect: 100-continue")
        writer.write(whole[:-4])
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(whole[-4:])
        assert (await answer(reader))[0] == 204

    side.run(work)
    assert side.head.series_count == 5


def test_a_client_that_goes_before_its_answer_harms_nobody(side: Side) -> None:
    async def work(reader: Reader, writer: Writer) -> None:
        writer.write(push(b"a 1\n"))
        await writer.drain()
        writer.transport.abort()
        while not side.head.series_count:
            await asyncio.sleep(0)

    side.run(work)
    assert side.head.series_count == 1
