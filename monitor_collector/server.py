"""Runs the collector as a process: the HTTP server around it, signals, and what systemd wants to know."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sqlite3
import ssl
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from monitor_collector import config, systemd
from monitor_collector.api import application
from monitor_collector.clock import system_clock
from monitor_collector.collector import Collector
from monitor_collector.config import Settings
from monitor_collector.documents import ConfigError
from monitor_collector.history import HistoryDamaged
from monitor_collector.ingest import Ingest, Receive, Scope, Send
from monitor_collector.lock import Locked
from monitor_collector.push_protocol import PushProtocol
from monitor_collector.state import StateDamaged

log = logging.getLogger(__name__)

_BACKLOG = 2048
# How long requests that are being answered may take when the service stops.
_GRACE_SECONDS = 5


class StartError(Exception):
    """The collector cannot start; the text says why and what to change."""


class Application:
    """Sends pushes straight to where they are taken, since there are so many, and all else to the API and the page."""

    def __init__(self, ingest: Ingest, rest: Starlette) -> None:
        self._ingest = ingest
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in self._ingest.formats:
            await self._ingest(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def run(directory: Path) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit status."""
    _log_to_journal()
    try:
        configuration = config.load(directory)
        listener = listen(configuration.settings)
        collector = _collector(directory, configuration)
        server = _server(collector)
    except (ConfigError, StartError) as error:
        for line in str(error).splitlines():
            log.error("%s", line)
        return 1

    return asyncio.run(_serve(collector, server, listener))


class HttpServer(uvicorn.Server):
    """Leaves signals alone. uvicorn's own handling raises the signal once more when it has shut down, which ends the
    process before the collector has."""

    def capture_signals(self) -> AbstractContextManager[None]:
        return nullcontext()

    def stop(self) -> None:
        self.should_exit = True


async def _serve(collector: Collector, server: HttpServer, listener: socket.socket) -> int:
    def stop() -> None:
        server.stop()
        # Answers that would go on for ever.
        collector.live.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    starting = asyncio.create_task(_start(collector))
    await asyncio.wait([serving, starting], return_when=asyncio.FIRST_COMPLETED)
    if starting.done() and starting.exception():
        log.error("the collector cannot start", exc_info=starting.exception())
        server.stop()
    await serving
    systemd.notify("STOPPING=1")
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await collector.stop()
    log.info("monitor-collector has stopped")
    return 1 if not starting.cancelled() and starting.exception() else 0


async def _start(collector: Collector) -> None:
    await collector.start()
    reloads: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        # The error is logged, and the collector goes on as before.
        with suppress(ConfigError):
            await collector.reload()

    def on_hangup() -> None:
        task = asyncio.create_task(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_hangup)
    systemd.notify("READY=1")


def _collector(directory: Path, configuration: config.Configuration) -> Collector:
    try:
        return Collector(directory, configuration, system_clock())
    except (HistoryDamaged, Locked) as error:
        raise StartError(str(error)) from None
    except StateDamaged as error:
        raise StartError(
            f"{error}; to go on without it: "
            f"monitor-collector storage check --set-aside --data-directory {configuration.settings.data_directory}"
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise StartError(
            f"cannot use {configuration.settings.data_directory}: {getattr(error, 'strerror', None) or error}; "
            f"change data_directory in {directory / 'collector.yml'}, or who owns that directory"
        ) from None


def listen(settings: Settings) -> socket.socket:
    """The socket that the settings name. Raises StartError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        # asyncio sets TCP_NODELAY only on what says that it is TCP; without, answers wait up to 40 ms for the client.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
            "stop what uses that port or change listen in collector.yml"
        ) from None
    return listener


def _server(collector: Collector) -> HttpServer:
    settings = collector.configuration.settings
    uvicorn_settings = uvicorn.Config(
        Application(collector.ingest, application(collector)),
        http=partial(PushProtocol, collector.ingest),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=_BACKLOG,
        # Longer than an agent's interval, so that its connection stays open.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=settings.tls.certificate_file if settings.tls else None,
        ssl_keyfile=settings.tls.key_file if settings.tls else None,
    )
    try:
        uvicorn_settings.load()
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StartError(f"cannot use the certificate: {reason}; change tls in collector.yml") from None
    return HttpServer(uvicorn_settings)


def _log_to_journal() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(systemd.JournalFormatter("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # These tell of every request, with its whole address, which may hold a secret.
    for name in ("httpx", "httpcore", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
