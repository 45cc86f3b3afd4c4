"""The two servers that evaluate rules, started without any; their rules are changed while they run."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.collector_process import Setup, collector
from benchmarks.fleet import Bodies, Fleet, RemoteWrites, Texts
from benchmarks.processes import Process
from benchmarks.prometheus_process import prometheus
from benchmarks.sides import free_port, total

RULES = Path(__file__).parent / "rule_evaluation.yml"
NO_RULES = "groups: []\n"
TIMEOUT_SECONDS = 60.0
LEVELS = {"cpu": 0.9, "cpu_clear": 0.85, "disk": 0.9, "files": 0.9, "load": 2.0, "memory": 0.9, "memory_clear": 0.85}


class Evaluated(NamedTuple):
    """Rules evaluated since the start, and how long the last evaluation of all of them took."""

    rules: float
    last_seconds: float


class Server(NamedTuple):
    """`bodies` is how hosts push to it; `metrics` are the names that it gives the two figures of `Evaluated`."""

    process: Process
    url: str
    bodies: Bodies
    rule_file: Path
    metrics: tuple[str, str]

    def use_rules(self, are_used: bool) -> None:
        if are_used:
            shutil.copy(RULES, self.rule_file)
        else:
            self.rule_file.write_text(NO_RULES)
        request = urllib.request.Request(f"{self.url}/-/reload", method="POST")
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()

    def evaluated(self) -> Evaluated:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read().decode()
        return Evaluated(*(total(text, name) for name in self.metrics))


@contextmanager
def ours(fleet: Fleet, directory: Path) -> Iterator[Server]:
    """The collector, which makes `up` and the thresholds by itself."""
    targets = [{"instance": each, "interval_seconds": fleet.interval_seconds} for each in fleet.instances]
    setup = Setup(free_port(), targets=targets, thresholds=dict.fromkeys(fleet.instances, LEVELS))
    rule_file = directory / "configuration" / "rules.d" / "hosts.yml"
    metrics = ("monitor_rule_evaluations_total", "monitor_evaluation_duration_seconds")
    with collector(setup, directory) as process:
        yield Server(process, setup.url, Texts(fleet), rule_file, metrics)


@contextmanager
def theirs(fleet: Fleet, directory: Path) -> Iterator[Server]:
    """Prometheus, which takes samples as remote write; `up` and the thresholds are among them."""
    levels = [({"__name__": "monitor_threshold", "name": name}, level) for name, level in LEVELS.items()]
    bodies = RemoteWrites(fleet, [({"__name__": "up", "job": "host"}, 1.0), *levels])
    rule_file = directory / "rules.yml"
    rule_file.write_text(NO_RULES)
    port = free_port()
    configuration = {"global": {"evaluation_interval": "1s"}, "rule_files": [str(rule_file)]}
    options = ["--web.enable-remote-write-receiver", "--web.enable-lifecycle"]
    metrics = ("prometheus_rule_evaluations_total", "prometheus_rule_group_last_duration_seconds")
    with prometheus(port, configuration, directory, options) as process:
        yield Server(process, f"http://127.0.0.1:{port}", bodies, rule_file, metrics)
