"""Prometheus and Alertmanager as processes, with Debian's defaults but for what is said here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.collector_process import wait_until_ready
from benchmarks.machine import find_peer
from benchmarks.processes import Process


@contextmanager
def prometheus(
    port: int, configuration: Mapping[str, Any], directory: Path, options: Sequence[str] = (), data: Path | None = None
) -> Iterator[Process]:
    """Runs one that is ready; `options` are more of its command line. Its data is below `directory` unless it is told
    where. Raises BenchmarkError when it does not become ready."""
    file = directory / "prometheus.yml"
    file.write_text(json.dumps(configuration))
    command = [
        find_peer("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={data or directory / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *options,
    ]
    with Process("prometheus", command, directory) as process:
        wait_until_ready(process, f"http://127.0.0.1:{port}/-/ready")
        yield process


@contextmanager
def alertmanager(port: int, configuration: Mapping[str, Any], directory: Path) -> Iterator[Process]:
    """Runs one that is ready and by itself. Raises BenchmarkError when it does not become ready."""
    file = directory / "alertmanager.yml"
    file.write_text(json.dumps(configuration))
    command = [
        *_with_its_templates(find_peer("prometheus-alertmanager")),
        f"--config.file={file}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with Process("alertmanager", command, directory) as process:
        wait_until_ready(process, f"http://127.0.0.1:{port}/-/ready")
        yield process


def _with_its_templates(program: Path) -> list[str | Path]:
    """Debian's Alertmanager wants its default templates in /usr/share, and does not start without. Where its package is
    only unpacked, the package's /usr/share is put over the machine's, seen by this one process alone."""
    share = program.parent.parent / "share"
    if share == Path("/usr/share"):
        return [program]
    over = 'mount --bind "$0" /usr/share && exec "$@"'
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", over, share, program]
