"""The sides of the storage benchmark: the same samples, merged as far as each side merges them."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

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
_ALL = (Matcher("__name__", "!=", ""),)
_FOREVER = (-(2**62), 2**62)


def measure_storage(data_directory: Path, directory: Path) -> str:
    """The table. Raises BenchmarkError."""
    blocks = data_directory / "blocks"
    if not blocks.is_dir():
        raise BenchmarkError(f"{blocks} is not there: name the data directory of a collector")
    samples, series, hours, ours = _merged(blocks, directory)
    text, openmetrics = directory / "samples.txt", directory / "samples.openmetrics"
    for form, path in (("prometheus", text), ("openmetrics", openmetrics)):
        with path.open("w") as file:
            export(blocks, _ALL, *_FOREVER, form, file)
    victoria_metrics = _in_victoria_metrics(text, samples, directory / "victoria-metrics")
    prometheus = _in_prometheus(openmetrics, directory / "prometheus")
    # Debian's VictoriaMetrics does not say its own version.
    versions = (
        f"VictoriaMetrics from Debian's package; {output_of([find_peer('promtool'), '--version']).splitlines()[0]}"
    )
    names = ("ours", "VictoriaMetrics")
    rows = [
        Row("bytes per sample, with index", ours / samples, victoria_metrics / samples, "{:.3f}".format, level=1),
        Row("the same, beside Prometheus' blocks", ours / samples, prometheus / samples, "{:.3f}".format),
    ]
    what = f"{samples} samples of {series} series over {hours:.1f} hours"
    return as_table(describe_machine(versions), what, names, rows) + "\n"


def _merged(blocks: Path, directory: Path) -> tuple[int, int, float, int]:
    """Samples, series, hours and bytes of all blocks as one."""
    history = History(blocks)
    try:
        if not history.sample_count:
            raise BenchmarkError(f"{blocks} holds no sample: stop the collector first")
        merged = merge_blocks(directory / "merged.block", history.blocks, {})
    finally:
        history.close()
    figures = (
        merged.sample_count,
        merged.series_count,
        (merged.newest_ms - merged.oldest_ms) / 3_600_000,
        merged.size_bytes,
    )
    merged.close()
    return figures


def _in_victoria_metrics(text: Path, samples: int, directory: Path) -> int:
    """Bytes of its data and its index after it was told to merge everything."""
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
    return sum(_size(directory / part) for part in ("data", "indexdb"))


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


def _in_prometheus(openmetrics: Path, directory: Path) -> int:
    """Bytes of the blocks, of two hours each, that promtool makes."""
    command = [find_peer("promtool"), "tsdb", "create-blocks-from", "openmetrics", openmetrics, directory]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BenchmarkError(f"promtool could not make blocks: {result.stderr}")
    return _size(directory)


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
