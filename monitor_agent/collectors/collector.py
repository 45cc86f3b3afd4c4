"""What every collector is, and where it makes itself known under its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from monitor_agent.collectors.kept_file import KeptFile
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Row
from monitor_agent.troubles import Troubles


class NoData(Exception):
    """This machine has nothing of the collector's subject: no success, but nothing to complain about either."""


class Collector:
    """Reads one subject below `root`: "" for the host itself, a recorded tree in tests.

    It is made once and may keep what the next reading needs. `interval_seconds` is its own, where reading more often
    than that is of no use; it never makes a collector faster than the agent.
    """

    is_on_by_default = True
    interval_seconds = 0.0

    def __init__(self, root: str, options: Options) -> None:
        self.root = root
        self.options = options
        self.troubles = Troubles()  # what is wrong but does not make the reading fail
        self._files: dict[str, KeptFile] = {}

    def update(self) -> Iterable[Row]:
        """The rows of one reading. Whatever it raises makes that reading fail as a whole, and stops nothing else."""
        raise NotImplementedError

    def read(self, path: str) -> str:
        """The text of one of the kernel's files below the root, for example "proc/stat". Raises OSError.

        It is kept open: a few files with names that do not change, not those of devices that come and go.
        """
        file = self._files.get(path)
        if file is not None:
            try:
                return file.read()
            except OSError:  # what served it has gone, and may be back under the same name
                del self._files[path]
        file = KeptFile(f"{self.root}/{path}")
        text = file.read()
        self._files[path] = file
        return text


COLLECTORS: dict[str, type[Collector]] = {}


def register(name: str) -> Callable[[type[Collector]], type[Collector]]:
    def remember(collector: type[Collector]) -> type[Collector]:
        COLLECTORS[name] = collector
        return collector

    return remember
