"""Metrics that programs print: every executable in a directory, each run again and again on its own interval.

A file directly in the directory runs every minute, one in a sub-directory that is named after a number of seconds,
such as `5/queue_length`, as often as that. What the last run has printed goes along with every batch until the next
run has ended. A run that fails takes its series away and is told with the reason.

A few threads, which are there only while something runs, wait for the programs. So one that overruns is killed on
time, durations are right however seldom batches are made, and collecting never waits.
"""

from __future__ import annotations

import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row
from monitor_agent.exposition_parser import MalformedText, Merger, Parser, Sample
from monitor_agent.program import Program, ProgramError, check

USUAL_INTERVAL_SECONDS = 60
LONGEST_INTERVAL_SECONDS = 86400
RUNNING_LIMIT = 4  # a host with many scripts must not start them all in one moment
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

RUN = Columns(
    Metric("monitor_script_success", "gauge", "Whether the script's last run went well."),
    Metric("monitor_script_duration_seconds", "gauge", "Time that the script's last run took."),
    Metric("monitor_script_last_run_timestamp_seconds", "gauge", "When the script's last run ended, in unixtime."),
)


class Result:
    """How a run ended. `problem` is "" when it went well; `complaint` is what the program said on stderr.

    `figures` are its duration in seconds and when it ended, as they are reported; none where it could not be started.
    """

    __slots__ = ("complaint", "figures", "problem", "samples")

    def __init__(self, samples: list[Sample], problem: str, complaint: str, figures: tuple[str, ...]) -> None:
        self.samples = samples
        self.problem = problem
        self.complaint = complaint
        self.figures = figures


class Script:
    """A program in the directory; `name` is its path there. `run` is for another thread than the rest."""

    def __init__(self, directory: str, name: str, interval_seconds: int, limit_seconds: float) -> None:
        self.labels = (("script", name),)
        self.result: Result | None = None
        self.is_taken = False  # whether someone waits to run it, or does
        self._directory = directory
        self._path = f"{directory}/{name}"
        self._interval_seconds = interval_seconds
        self._limit_seconds = min(limit_seconds, interval_seconds)
        # Many hosts have the same scripts, and those often ask the same server.
        self._offset_seconds = zlib.crc32(f"{os.uname().nodename} {name}".encode("utf-8", "replace")) % interval_seconds
        self._point: int | None = None
        self._version: tuple[int, ...] | None = None
        self._parser = Parser()
        self._stuck: Program | None = None

    def is_due(self, now_seconds: float) -> bool:
        """Whether its next point in time has come, or the file is another than before. Each answers yes once."""
        point = int(now_seconds + self._offset_seconds) // self._interval_seconds
        try:
            found = os.stat(self._path)
            version = (found.st_dev, found.st_ino, found.st_ctime_ns)
        except OSError:
            version = ()
        is_due = point != self._point or version != self._version
        self._point, self._version = point, version
        return is_due

    def run(self) -> None:
        if self._stuck is not None and not self._stuck.end():
            return  # its result stays what it was: the time limit was exceeded
        self._stuck = None
        started = time.monotonic()
        try:
            check(self._path, self._directory, os.path.dirname(self._path))
            program = Program(self._path, self._environment())
        except ProgramError as error:
            self.result = Result([], str(error), "", ())
            return
        samples: list[Sample] = []
        problem = ""
        try:
            output = program.output(self._limit_seconds)
            samples = self._parser.parse(output if output.endswith(b"\n") else output + b"\n")
        except ProgramError as error:
            problem = str(error)
        except MalformedText as error:
            problem = f"its output is malformed: {error}"
        figures = (f"{time.monotonic() - started:.6f}", f"{time.time():.3f}")
        if not program.end():
            self._stuck = program
        self.result = Result(samples, problem, program.complaint, figures)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "MONITOR_INTERVAL_SECONDS": f"{self._interval_seconds}",
            "MONITOR_TIMEOUT_SECONDS": f"{self._limit_seconds:g}",
        }


class Runners:
    """Threads that run scripts in the order in which they are given, and are gone when there are none left."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: deque[Script] = deque()
        self._threads = 0

    def run(self, script: Script) -> None:
        """Returns at once; does nothing while the script still waits for its last turn, or runs."""
        if script.is_taken:
            return
        script.is_taken = True
        with self._lock:
            self._waiting.append(script)
            if self._threads == self._limit:
                return
            self._threads += 1
        threading.Thread(target=self._work, name="script", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                script = self._waiting.popleft()
            script.run()
            script.is_taken = False


def find(directory: str) -> dict[str, int]:
    """The programs by their paths in the directory, each with its interval in seconds. Raises OSError."""
    found = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            if not is_meant(entry.name):
                continue
            if not entry.is_dir():
                found[entry.name] = USUAL_INTERVAL_SECONDS
            elif entry.name.isascii() and entry.name.isdecimal() and 1 <= int(entry.name) <= LONGEST_INTERVAL_SECONDS:
                names = filter(is_meant, os.listdir(entry.path))
                found.update((f"{entry.name}/{name}", int(entry.name)) for name in names)
    return found


def is_meant(name: str) -> bool:
    """Whether the file is not one that an editor, or a tool in the middle of replacing another file, has left."""
    return not (name.startswith(".") or name.endswith("~"))


def describe(names: list[str]) -> str:
    return f"Metric printed by {', '.join(names)}"


@register("script")
class Scripts(Collector):
    def __init__(
        self,
        root: str,
        options: Options,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(root, options)
        self._clock = clock
        self._directory = root + options.scripts_directory.rstrip("/")
        self._scripts: dict[str, Script] = {}
        self._runners = Runners(RUNNING_LIMIT)
        self._merger = Merger(describe)
        self._results: dict[str, Result] = {}
        self._rows: list[Row] = []
        self._refused: dict[str, str] = {}

    def update(self) -> Iterable[Row]:
        now_seconds = self._clock()
        self._find()
        for script in self._scripts.values():
            if script.is_due(now_seconds):
                self._runners.run(script)
        results = {name: script.result for name, script in self._scripts.items() if script.result is not None}
        if results != self._results:
            self._results = results
            self._rows, self._refused = self._merger.merge([(name, each.samples) for name, each in results.items()])
        yield from self._rows
        for name, result in results.items():
            problem = result.problem or self._refused.get(name, "")
            self._tell(name, problem, result.complaint)
            yield Row(RUN, self._scripts[name].labels, ("0" if problem else "1", *result.figures))

    def _find(self) -> None:
        try:
            found = find(self._directory)
        except FileNotFoundError:
            # Where nobody asked for a directory of their own there need not be one.
            if self.options.scripts_directory != Options().scripts_directory:
                raise
            found = {}
        for name in self._scripts.keys() - found.keys():
            self.troubles.clear(f"script {name}", f"script {name} is gone")
        self._scripts = {
            name: self._scripts.get(name)
            or Script(self._directory, name, interval_seconds, self.options.scripts_timeout_seconds)
            for name, interval_seconds in sorted(found.items())
        }

    def _tell(self, name: str, problem: str, complaint: str) -> None:
        if problem:
            said = f"; it said: {complaint}" if complaint else ""
            self.troubles.report(f"script {name}", f"script {name}: {problem}{said}", problem)
        else:
            self.troubles.clear(f"script {name}", f"script {name} works again")
