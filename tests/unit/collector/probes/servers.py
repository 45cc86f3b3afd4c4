"""Servers on 127.0.0.1 that behave, and servers that do not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from monitor_collector.probes.measured import Check, Findings

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(conversation: Conversation, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that has this conversation with whoever connects."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await conversation(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client has gone
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    tasks: set[asyncio.Task[object] | None] = set()
    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
        await server.wait_closed()


def answering(text: bytes) -> Conversation:
    """Reads a request's head, then says this."""

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)

    return conversation


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def figures(findings: Findings) -> dict[str, float]:
    """By name, with the values of further labels behind it."""
    return {" ".join([one.name, *(value for _, value in one.labels)]): one.value for one in findings.samples}


def measure(
    check: Callable[[int], Check], conversation: Conversation, context: ssl.SSLContext | None = None
) -> Findings:
    """What a check of the server's port finds. Raises what it does, and TimeoutError."""

    async def work() -> Findings:
        findings = Findings()
        async with serving(conversation, context) as port, asyncio.timeout(10):
            await check(port).run(findings)
        return findings

    return asyncio.run(work())
