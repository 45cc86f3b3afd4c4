"""Programs that run for a benchmark, and what the kernel says about their time and memory."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import BenchmarkError

STOP_SECONDS = 5.0
LOG_LINES = 10
# As systemd gives it to a service that says nothing about it.
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


class Memory(NamedTuple):
    """Bytes of a process in memory, and the part of them that no file stands behind (heap, stacks)."""

    resident: int
    anonymous: int


class Reading(NamedTuple):
    """A process at one moment. `cpu_ns` is all that it has used, its ended threads included."""

    cpu_ns: int
    memory: Memory


def parse_memory(status: str) -> Memory:
    """VmRSS and RssAnon of /proc/PID/status, which are in KiB: proc_pid_status(5)."""
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return Memory(*(int(fields[name].removesuffix("kB")) * 1024 for name in ("VmRSS", "RssAnon")))


def cpu_clock(pid: int) -> int:
    """The number of a process's CPU-time clock, as clock_getcpuclockid(3) makes it: the inverted PID, and 2 for the
    time that the scheduler has counted in nanoseconds."""
    return ~pid << 3 | 2


class Process:
    """A child that runs until `stop`, or until the `with` that it is in is left. Its output goes to a log file."""

    def __init__(
        self, name: str, command: Sequence[str | Path], directory: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._log = directory / f"{name}.log"
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**ENVIRONMENT, **(environment or {})},
                start_new_session=True,  # a Ctrl-C is for the benchmark, which then ends its children itself
            )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def cpu_ns(self) -> int:
        self.check()
        return time.clock_gettime_ns(cpu_clock(self._child.pid))

    def memory(self) -> Memory:
        self.check()
        return parse_memory(Path(f"/proc/{self._child.pid}/status").read_text())

    def reading(self) -> Reading:
        return Reading(self.cpu_ns(), self.memory())

    def check(self) -> None:
        """Raises BenchmarkError when the program has ended."""
        code = self._child.poll()
        if code is not None:
            raise BenchmarkError(f"{self.name} has ended with {code}; {self.last_words()}")

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def last_words(self) -> str:
        lines = self.output().splitlines()[-LOG_LINES:]
        return "\n  ".join(["its output ends with:", *lines]) if lines else "it has printed nothing."

    def stop(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
