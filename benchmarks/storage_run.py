"""The sides of the storage benchmark: the same samples, merged as far as each side merges them."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx

from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine, find_peer, output_of
from benchmarks.table import Row, as_table
from monitor_collector.blocks import merge_blocks
from monitor_collector.history import History
from monitor_collector.promql import Matcher
from monitor_collector.storage_commands import export

_LINES_PER_PUSH = 20_000
_PATIENCE_SECONDS = 60
_MERGES = 5
_ALL = (Matcher("__name__", "!=", ""),)
_FOREVER = (-(2**62), 2**62)


class Size(NamedTuple):
    """Bytes on disk: of the samples, and of all that finds them."""

    data: int
    index: int

    @property
    def all(self) -> int:
        return self.data + self.index


class Merged(NamedTuple):
    """Our side, and what is in it. `cpu_ns` is what it took to make it."""

    samples: int
    series: int
    hours: float
    size: Size
    cpu_ns: float


def measure_storage(data_directory: Path, directory: Path) -> str:
    """The table. Raises BenchmarkError."""
    blocks = data_directory / "blocks"
    if not blocks.is_dir():
        raise BenchmarkError(f"{blocks} is not there: name the data directory of a collector")
    merged = _merged(blocks, directory)
    text, openmetrics = directory / "samples.txt", directory / "samples.openmetrics"
    for form, path in (("prometheus", text), ("openmetrics", openmetrics)):
        with path.open("w") as file:
            export(blocks, _ALL, *_FOREVER, form, file)
    victoria_metrics = _in_victoria_metrics(text, merged.samples, directory / "victoria-metrics")
    prometheus = _in_prometheus(openmetrics, directory / "prometheus")
    # Debian's VictoriaMetrics does not say its own version.
    versions = (
        f"VictoriaMetrics from Debian's package; {output_of([find_peer('promtool'), '--version']).splitlines()[0]}"
    )
    rows = [
        _row("bytes per sample, with index", merged, merged.size.all, victoria_metrics.all, level=1),
        _row("samples and times alone", merged, merged.size.data, victoria_metrics.data),
        _row("labels and index alone", merged, merged.size.index, victoria_metrics.index),
        _row("beside Prometheus: bytes per sample, with index", merged, merged.size.all, prometheus.all),
        _row("samples and times alone", merged, merged.size.data, prometheus.data),
        _row("labels and index alone", merged, merged.size.index, prometheus.index),
        Row("CPU time to merge our blocks, ns per sample", merged.cpu_ns / merged.samples, None, "{:.0f}".format),
    ]
    what = f"{merged.samples} samples of {merged.series} series over {merged.hours:.1f} hours"
    return as_table(describe_machine(versions), what, ("ours", "theirs"), rows)


def _row(title: str, merged: Merged, ours: int, theirs: int, level: float | None = None) -> Row:
    return Row(title, ours / merged.samples, theirs / merged.samples, "{:.3f}".format, level=level)


def _merged(blocks: Path, directory: Path) -> Merged:
    """All blocks as one."""
    history = History(blocks)
    try:
        if not history.sample_count:
            raise BenchmarkError(f"{blocks} holds no sample: stop the collector first")
        cpu_ns = []
        for _ in range(_MERGES):
            started = time.process_time_ns()
            block = merge_blocks(directory / "merged.block", history.blocks, {})
            cpu_ns.append(time.process_time_ns() - started)
            block.close()
    finally:
        history.close()
    hours = (block.newest_ms - block.oldest_ms) / 3_600_000
    size = Size(block.size_bytes - block.index_bytes, block.index_bytes)
    return Merged(block.sample_count, block.series_count, hours, size, median(cpu_ns))


def _in_victoria_metrics(text: Path, samples: int, directory: Path) -> Size:
    """After it was told to merge everything."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        find_peer("victoria-metrics"),
        f"-storageDataPath={directory}",
        f"-httpListenAddr={address}",
        "-retentionPeriod=100y",
        "-loggerLevel=ERROR",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=120) as client:
            _wait_until(lambda: _answers(client), "victoria-metrics to start")
            for body in _pieces(text):
                client.post("/api/v1/import/prometheus", content=body).raise_for_status()
            for what in ("force_flush", "force_merge"):
                client.get(f"/internal/{what}").raise_for_status()
            # It merges in the background, and one that is stopped meanwhile has not written everything.
            _wait_until(lambda: _figure(client, "vm_active_force_merges") == 0, "the end of its merge")
            _wait_until(lambda: _figure(client, 'vm_rows{type="storage/') >= samples, "all of its samples")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)
    return Size(_bytes_in(directory / "data"), _bytes_in(directory / "indexdb"))


def _wait_until(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not look():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"waited {_PATIENCE_SECONDS} s in vain for {what}")
        time.sleep(0.1)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


def _figure(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def _pieces(text: Path) -> Iterator[bytes]:
    with text.open("rb") as file:
        while lines := list(islice(file, _LINES_PER_PUSH)):
            yield b"".join(lines)


def _in_prometheus(openmetrics: Path, directory: Path) -> Size:
    """The blocks, of two hours each, that promtool makes."""
    command = [find_peer("promtool"), "tsdb", "create-blocks-from", "openmetrics", openmetrics, directory]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BenchmarkError(f"promtool could not make blocks: {result.stderr}")
    chunks = sum(_bytes_in(path) for path in directory.glob("*/chunks"))
    return Size(chunks, _bytes_in(directory) - chunks)


def _bytes_in(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
