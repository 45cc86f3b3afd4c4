"""The agent at work: one thread takes samples on the grid, another hands them over."""

from __future__ import annotations

import os
import socket
import threading
import time
import zlib
from typing import Callable

from monitor_agent import __version__
from monitor_agent.config import Config
from monitor_agent.exposition import Family, Renderer
from monitor_agent.gather import Gatherer
from monitor_agent.log import INFO, Troubles, log
from monitor_agent.push import Connection, Pusher
from monitor_agent.spool import Spool

COMPRESSION_LEVEL = 1  # a third of level 6's time for a tenth more bytes
OFFSET_SHARE = 0.1  # of the interval, over which hosts spread their pushes


def pack(text: bytes) -> bytes:
    packer = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(text) + packer.flush()


def next_tick(now_seconds: float, interval_seconds: float) -> float:
    """The next multiple of the interval, so that the samples of all hosts fall on one grid."""
    return (int(now_seconds / interval_seconds + 1e-6) + 1) * interval_seconds


def push_offset_seconds(instance: str, interval_seconds: float) -> float:
    """When after a tick this host pushes: spread by its name, so that not all hosts come at once."""
    return zlib.crc32(instance.encode()) / 2**32 * interval_seconds * OFFSET_SHARE


def notify_systemd(state: str) -> None:
    """sd_notify(3), without its library; nothing to do outside systemd."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.sendto(state.encode(), address)


class Agent:
    """Samples every interval until stopped; what has been sampled is in the spool before anything else happens."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._gatherer = Gatherer(config.collectors, config.options)
        self._renderer = Renderer(config.labels)
        self._spool = Spool(config.spool_directory, config.spool_max_bytes, config.spool_max_age_seconds)
        self._pusher = Pusher(self._spool, Connection(config).post, config.url)
        self._troubles = Troubles()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._collect_seconds = self._push_seconds = 0.0
        self._started = time.time()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        log(
            INFO,
            f"monitor-agent {__version__} samples every {self._config.interval_seconds:g} s for {self._config.url}",
        )
        threading.Thread(target=self._push, daemon=True).start()
        ready = False
        while not self._stop.is_set():
            tick = next_tick(time.time(), self._config.interval_seconds)
            # At most one interval, whatever the clock does meanwhile.
            if self._stop.wait(min(max(tick - time.time(), 0), self._config.interval_seconds)):
                break
            self._sample(round(tick * 1000))
            notify_systemd("WATCHDOG=1" if ready else "READY=1")
            ready = True
        notify_systemd("STOPPING=1")

    def _sample(self, timestamp_ms: int) -> None:
        started = time.perf_counter()
        families = self._gatherer.gather() + self._own_figures()
        text = self._renderer.batch(families, timestamp_ms)
        self._collect_seconds = time.perf_counter() - started
        try:
            self._spool.add(pack(text), timestamp_ms)
            self._troubles.clear("spool", "the spool can be written to again")
        except OSError as error:
            self._troubles.report("spool", f"the spool cannot be written to, samples are lost: {error}")
        self._wake.set()

    def _push(self) -> None:
        offset = push_offset_seconds(self._config.instance, self._config.interval_seconds)
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            self._stop.wait(offset)
            while len(self._spool) and not self._stop.is_set():
                started = time.perf_counter()
                pause = self._pusher.push_once()
                self._push_seconds = time.perf_counter() - started
                if pause and self._stop.wait(pause):
                    return

    def _own_figures(self) -> list[Family]:
        def single(name: str, kind: str, help_text: str, value: float) -> Family:
            return Family(f"monitor_agent_{name}", kind, help_text, [((), value)])

        version = (("version", __version__),)
        return [
            Family("monitor_agent_build_info", "gauge", "The agent's version.", [(version, 1)]),
            single("start_time_seconds", "gauge", "When the agent started.", self._started),
            single("batches_sent_total", "counter", "Batches that were acknowledged.", self._pusher.sent),
            single("batches_retried_total", "counter", "Requests that have to be repeated.", self._pusher.retried),
            single(
                "batches_rejected_total",
                "counter",
                "Batches that the collector will never take.",
                self._pusher.rejected,
            ),
            single("batches_dropped_total", "counter", "Batches that the spool had no room for.", self._spool.dropped),
            single("spool_bytes", "gauge", "Bytes that wait to be pushed.", self._spool.size_bytes),
            single(
                "collect_duration_seconds", "gauge", "Time the last collection took.", round(self._collect_seconds, 6)
            ),
            single("push_duration_seconds", "gauge", "Time the last push took.", round(self._push_seconds, 6)),
        ]


def print_once(config: Config, write: Callable[[str], object]) -> None:
    """One collection as Prometheus text, for people."""
    write(Renderer(config.labels).page(Gatherer(config.collectors, config.options).gather()))
