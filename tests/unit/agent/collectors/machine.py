"""A written machine, and what a collector makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.collector import Collector
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Renderer


def write(root: Path, files: Mapping[str, str]) -> None:
    """Writes texts below the root, by path; bytes that are no UTF-8 as surrogates."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode("utf-8", "surrogateescape"))


def make(name: str, root: Path, options: Options | None = None) -> Collector:
    return COLLECTORS[name](str(root), options or Options())


def samples(collector: Collector) -> list[str]:
    """One reading, a line for each sample, without the timestamp."""
    return Renderer({}).batch(list(collector.update()), 7).decode().split(" 7\n")[:-1]


def read(name: str, root: Path, options: Options | None = None) -> list[str]:
    return samples(make(name, root, options))
