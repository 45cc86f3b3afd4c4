"""Metrics that others leave in files: every *.prom in a directory, as node_exporter's textfile collector takes them.

A file that has not changed is not read again. One that cannot be used gives nothing, makes
`node_textfile_scrape_error` 1 and is told with its line and the reason; the others are taken all the same.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row
from monitor_agent.exposition_parser import MalformedText, Merger, Parser, Sample

SUFFIX = ".prom"
SIZE_LIMIT_BYTES = 4 * 1024 * 1024
# Two writes closer together than the kernel's clock ticks leave the same times behind.
SETTLED_NS = 1_000_000_000

ERROR = Columns(
    Metric("node_textfile_scrape_error", "gauge", "1 if there was an error opening or reading a file, 0 otherwise")
)
MTIME = Columns(Metric("node_textfile_mtime_seconds", "gauge", "Unixtime mtime of textfiles successfully read."))


class File:
    """One file as it was last read; `problem` says why nothing of it could be used, "" where it could."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problem = ""
        self.samples: list[Sample] = []
        self.mtime_seconds = 0
        self._parser = Parser()
        self._version: tuple[int, ...] | None = None

    def refresh(self, real_path: str) -> bool:
        """Reads it if it is another than before; whether anything is new."""
        before = (self.samples, self.problem)
        try:
            found = os.stat(real_path)
            version = (found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size)
            if version == self._version:
                return False
            is_settled = time.time_ns() - max(found.st_ctime_ns, found.st_mtime_ns) > SETTLED_NS
            self._version = version if is_settled else None
            self.samples = self._parser.parse(read_regular_file(real_path))
            self.mtime_seconds = found.st_mtime_ns // 1_000_000_000
            self.problem = ""
        except MalformedText as error:
            self.samples, self.problem = [], str(error)
        except OSError as error:
            self._version = None
            self.samples, self.problem = [], error.strerror
        return (self.samples, self.problem) != before


def read_regular_file(path: str) -> bytes:
    """Raises OSError, also for what is no file or larger than SIZE_LIMIT_BYTES."""
    # Opening a named pipe waits for its other end, unless it is told not to.
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = b""
        while found.st_size <= SIZE_LIMIT_BYTES >= len(content):
            chunk = os.read(file, SIZE_LIMIT_BYTES + 1)
            if not chunk:
                return content
            content += chunk
        raise OSError(errno.EFBIG, f"it is larger than {SIZE_LIMIT_BYTES >> 20} MiB")
    finally:
        os.close(file)


def describe(paths: list[str]) -> str:
    return f"Metric read from {', '.join(paths)}"


@register("textfile")
class Textfile(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._found: dict[str, File] = {}
        self._merger = Merger(describe)
        self._rows: list[Row] = []
        self._refused: dict[str, str] = {}

    def update(self) -> Iterable[Row]:
        paths, has_error = self._find()
        files = {path: self._found.get(path) or File(path) for path in paths}
        gone = self._found.keys() - files.keys()
        changes = [file.refresh(self.root + path) for path, file in files.items()]
        self._found = files
        if gone or any(changes):
            self._rows, self._refused = self._merger.merge([(file.path, file.samples) for file in files.values()])
        for path in gone:
            self.troubles.clear(f"textfile {path}", f"{path} is gone")
        for path, file in files.items():
            problem = file.problem or self._refused.get(path, "")
            has_error = has_error or bool(problem)
            self._tell(path, problem)
        yield from self._rows
        for path, file in files.items():
            if not file.problem:
                yield Row(MTIME, (("file", path),), (file.mtime_seconds,))
        yield Row(ERROR, (), ("1" if has_error else "0",))

    def _tell(self, path: str, problem: str) -> None:
        if problem:
            self.troubles.report(f"textfile {path}", f"{path}: {problem}")
        else:
            self.troubles.clear(f"textfile {path}", f"{path} is read again")

    def _find(self) -> tuple[list[str], bool]:
        """The files' paths without the root, and whether a directory could not be looked into."""
        paths: list[str] = []
        has_error = False
        for directory in self._directories():
            try:
                names = sorted(name for name in os.listdir(self.root + directory) if name.endswith(SUFFIX))
            except OSError as error:
                # Where nobody asked for a directory of their own there need not be one.
                if isinstance(error, FileNotFoundError) and directory == Options().textfile_directory:
                    continue
                has_error = True
                self._tell(directory, error.strerror)
                continue
            self._tell(directory, "")
            paths += [f"{directory.rstrip('/')}/{name}" for name in names]
        return paths, has_error

    def _directories(self) -> list[str]:
        """Those that the option names, which may hold * ? and []: the one itself where it matches nothing."""
        pattern = self.options.textfile_directory
        if not any(character in pattern for character in "*?["):
            return [pattern]
        import glob  # memory that only a pattern is worth

        found = glob.glob(glob.escape(self.root) + pattern)
        return sorted(path[len(self.root) :] for path in found) or [pattern]
