"""Name and version of the distribution, from os-release(5)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, NoData, register
from monitor_agent.collectors.files import read_text
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

FILES = ("etc/os-release", "usr/lib/os-release")
INFO_LABELS = (
    "build_id",
    "id",
    "id_like",
    "image_id",
    "image_version",
    "name",
    "pretty_name",
    "variant",
    "variant_id",
    "version",
    "version_codename",
    "version_id",
)
VERSION_LABELS = ("id", "id_like", "name")

EXPORT = "export "

INFO = Columns(
    Metric("node_os_info", "gauge", f"A metric with a constant '1' value labeled by {', '.join(INFO_LABELS)}.")
)
VERSION = Columns(Metric("node_os_version", "gauge", "Metric containing the major.minor part of the OS version."))


def parse(text: str) -> dict[str, str]:
    """The assignments in a file of the shell's kind, names in small letters: what is quoted may hold escaped signs."""
    fields = {}
    for line in text.split("\n"):
        name, _, value = line.strip().partition("=")
        name = name[len(EXPORT) :] if name.startswith(EXPORT) else name
        if value[:1] in ("'", '"') and value[-1:] == value[:1]:
            quote, value = value[0], value[1:-1]
            if quote == '"':
                value = re.sub(r"\\(.)", r"\1", value)
        fields[name.lower()] = value
    return fields


@register("os")
class OsRelease(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._read: tuple[str, int] | None = None  # the file, and when it was changed
        self._rows: list[Row] = []

    def update(self) -> Iterable[Row]:
        found = self._find()
        if found != self._read:
            self._rows = self._make_rows(parse(read_text(f"{self.root}/{found[0]}")))
            self._read = found
        return self._rows

    def _find(self) -> tuple[str, int]:
        for file in FILES:
            try:
                return file, os.stat(f"{self.root}/{file}").st_mtime_ns
            except FileNotFoundError:
                pass
        raise NoData

    def _make_rows(self, fields: dict[str, str]) -> list[Row]:
        rows = [Row(INFO, tuple([(name, fields.get(name, "")) for name in INFO_LABELS]), ("1",))]
        version = re.match(r"[0-9]+\.?[0-9]*", fields.get("version_id", ""))
        if version and float(version[0]):
            labels = tuple([(name, fields.get(name, "")) for name in VERSION_LABELS])
            rows.append(Row(VERSION, labels, (float(version[0]),)))
        return rows
