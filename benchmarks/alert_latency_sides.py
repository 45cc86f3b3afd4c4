"""The two sides of the latency benchmark, from the file that a host's metric is read from to the webhook.

Both read the same file in the same directory, both at an interval of a second, and both have the same rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.certificates import Files
from benchmarks.collector_process import Setup, collector
from benchmarks.machine import find_peer
from benchmarks.processes import Process
from benchmarks.prometheus_process import alertmanager, prometheus
from benchmarks.receiver import TEXT_PATH
from benchmarks.sides import UNIT, build_agent, free_port, parse_unit, wait_until_listening

METRIC, LABEL = "benchmark_level", "crossing"
INTERVAL_SECONDS = 1
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of this run only


class Round(NamedTuple):
    """`number` makes the names of hosts, jobs and groups differ from round to round: each side derives from them when,
    within a second, it pushes, scrapes and evaluates."""

    number: int
    directory: Path
    textfile_directory: Path
    webhook_url: str

    def rule_file(self) -> Path:
        rule = {"alert": "BenchmarkLevelHigh", "expr": f"{METRIC} > 0.5", "for": "0s"}
        file = self.directory / "benchmark.yml"
        file.write_text(json.dumps({"groups": [{"name": f"benchmark_{self.number}", "rules": [rule]}]}))
        return file


class Ours:
    """The agent, which pushes over TLS, and the collector."""

    name, path = "monitor_agent + monitor_collector", "/ours"

    def __init__(self, directory: Path, python: Path, certificates: Files) -> None:
        self._python = python
        self._certificates = certificates
        self._program = build_agent(directory, python)
        self._unit = parse_unit(UNIT.read_text())
        self._token_file = directory / "token"
        self._token_file.write_text(TOKEN)

    @contextmanager
    def running(self, one: Round) -> Iterator[list[Process]]:
        host = f"host-{one.number}"
        setup = Setup(
            port=free_port(),
            rule_files=[one.rule_file()],
            webhook_url=one.webhook_url + self.path,
            targets=[{"instance": host, "interval_seconds": INTERVAL_SECONDS}],
            certificates=self._certificates,
            tokens={host: TOKEN},
        )
        config = one.directory / "agent.ini"
        config.write_text(
            f"[agent]\ninstance = {host}\ninterval_seconds = {INTERVAL_SECONDS}\n"
            f"spool_directory = {one.directory / 'spool'}\ntextfile_directory = {one.textfile_directory}\n"
            f"[push]\nurl = {setup.url}{TEXT_PATH}\n"
            f"ca_file = {self._certificates.authority}\ntoken_file = {self._token_file}\n"
        )
        values = {"python": self._python, "program": self._program, "config": config}
        command = [word.format(**values) for word in self._unit.command]
        with (
            collector(setup, one.directory) as receiving,
            Process("monitor_agent", command, one.directory, self._unit.environment) as agent,
        ):
            yield [agent, receiving]


class Theirs:
    """node_exporter, Prometheus and Alertmanager, tuned to be as fast as they can be at this interval: each alert is a
    group by itself, so that none waits for another."""

    name, path = "node_exporter + Prometheus + Alertmanager", "/theirs"

    @contextmanager
    def running(self, one: Round) -> Iterator[list[Process]]:
        exporter_port, prometheus_port, alertmanager_port = free_port(), free_port(), free_port()
        exporter_command = [
            find_peer("prometheus-node-exporter"),
            f"--web.listen-address=127.0.0.1:{exporter_port}",
            f"--collector.textfile.directory={one.textfile_directory}",
        ]
        interval = f"{INTERVAL_SECONDS}s"
        scraping = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(one.rule_file())],
            "scrape_configs": [
                {
                    "job_name": f"node-{one.number}",
                    "static_configs": [{"targets": [f"127.0.0.1:{exporter_port}"]}],
                }
            ],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]}]},
        }
        alerting = {
            "route": {"receiver": "benchmark", "group_by": ["..."], "group_wait": "0s", "group_interval": interval},
            "receivers": [{"name": "benchmark", "webhook_configs": [{"url": one.webhook_url + self.path}]}],
        }
        with (
            Process("node_exporter", exporter_command, one.directory) as exporter,
            alertmanager(alertmanager_port, alerting, one.directory) as alerts,
            prometheus(prometheus_port, scraping, one.directory) as server,
        ):
            wait_until_listening(exporter, exporter_port)
            yield [exporter, server, alerts]
