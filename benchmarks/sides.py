"""The two sides of the agent's benchmark, each started as it is on a host: ours, and node_exporter with vmagent."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.certificates import Files
from benchmarks.errors import BenchmarkError
from benchmarks.processes import Process
from benchmarks.receiver import REMOTE_WRITE_PATH, TEXT_PATH

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "roles" / "monitor_agent" / "templates" / "monitor-agent@.service.j2"
START_SECONDS = 10.0

ROWS_PUSHED = "vmagent_remotewrite_rows_pushed_after_relabel_total"
SCRAPES = "vm_promscrape_scrapes_total"


class Place(NamedTuple):
    """What both sides need. `port` is the receiver's."""

    directory: Path
    port: int
    certificates: Files
    token_file: Path


class Unit(NamedTuple):
    """How the role's unit starts the agent. `command` has {python}, {program} and {config} for what differs."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


def parse_unit(template: str) -> Unit:
    """Reads ExecStart and Environment of the role's template; raises BenchmarkError for what only Ansible can know."""
    words: list[str] = []
    environment: dict[str, str] = {}
    for line in template.splitlines():
        name, _, value = line.partition("=")
        if name == "ExecStart":
            words = [_placeholder(word) for word in shlex.split(re.sub(r"\{\{.*?\}\}", "python3", value))]
        elif name == "Environment":
            if "{{" in value:
                raise BenchmarkError(
                    f"the unit's {line!r} depends on the inventory: the benchmark cannot tell what it is"
                )
            environment.update(assignment.split("=", 1) for assignment in shlex.split(value))
    if not words:
        raise BenchmarkError("the agent's unit has no ExecStart")
    return Unit(tuple(words), environment)


def _placeholder(word: str) -> str:
    for end, placeholder in (("python3", "{python}"), (".pyz", "{program}"), (".ini", "{config}")):
        if word.endswith(end):
            return placeholder
    return word


def build_agent(directory: Path, python: Path) -> Path:
    """The agent as one file, made as the role makes it: packed here, compiled by the Python that will run it."""
    packed = run_module("python_zipapp", Path(sys.executable), package=ROOT / "monitor_agent", dest_directory=directory)
    program = directory / "monitor-agent.pyz"
    run_module("python_zipapp_compile", python, src=packed["path"], dest=program)
    return program


def run_module(module: str, python: Path, **arguments: Path | str) -> dict[str, Any]:
    """Runs one of the project's Ansible modules on this machine; gives what it returned."""
    command = [
        *(sys.executable, "-m", "ansible", "adhoc", "localhost", "--inventory=localhost,", "--connection=local"),
        f"--extra-vars=ansible_python_interpreter={python}",
        f"--module-name={module}",
        f"--args={json.dumps(arguments, default=str)}",
    ]
    environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise BenchmarkError(f"the agent cannot be built: {result.stdout}{result.stderr}")
    return json.loads(result.stdout[result.stdout.index("{") :])


class Ours:
    """The agent."""

    name = "monitor_agent"
    path = TEXT_PATH

    def __init__(self, place: Place, python: Path) -> None:
        self._place = place
        self._python = python
        self._program = build_agent(place.directory, python)
        self._unit = parse_unit(UNIT.read_text())

    @contextmanager
    def running(self, interval_seconds: float, directory: Path) -> Iterator[list[Process]]:
        config = directory / "agent.ini"
        config.write_text(
            f"[agent]\ninstance = host-1\ninterval_seconds = {interval_seconds:g}\n"
            f"spool_directory = {directory / 'spool'}\n"
            f"[push]\nurl = https://127.0.0.1:{self._place.port}{TEXT_PATH}\n"
            f"ca_file = {self._place.certificates.authority}\ntoken_file = {self._place.token_file}\n"
        )
        values = {"python": self._python, "program": self._program, "config": config}
        command = [word.format(**values) for word in self._unit.command]
        with Process(self.name, command, directory, self._unit.environment) as agent:
            yield [agent]


class Theirs:
    """node_exporter with the collectors that it has on by default, as Debian ships it, and vmagent that scrapes it and
    pushes."""

    name = "node_exporter + vmagent"
    path = REMOTE_WRITE_PATH

    def __init__(self, place: Place, node_exporter: Path, vmagent: Path) -> None:
        self._place = place
        self._node_exporter = node_exporter
        self._vmagent = vmagent
        self._vmagent_port = 0

    @contextmanager
    def running(self, interval_seconds: float, directory: Path) -> Iterator[list[Process]]:
        exporter_port, self._vmagent_port = free_port(), free_port()
        config = directory / "scrape.yml"
        interval_ms = round(interval_seconds * 1000)
        config.write_text(
            f"global: {{scrape_interval: {interval_ms}ms}}\n"
            f"scrape_configs:\n- job_name: node\n  static_configs:\n  - targets: ['127.0.0.1:{exporter_port}']\n"
        )
        exporter_command = [self._node_exporter, f"--web.listen-address=127.0.0.1:{exporter_port}"]
        vmagent_command = [
            self._vmagent,
            f"-httpListenAddr=127.0.0.1:{self._vmagent_port}",
            f"-promscrape.config={config}",
            f"-remoteWrite.url=https://127.0.0.1:{self._place.port}{REMOTE_WRITE_PATH}",
            f"-remoteWrite.tlsCAFile={self._place.certificates.authority}",
            f"-remoteWrite.bearerTokenFile={self._place.token_file}",
            f"-remoteWrite.tmpDataPath={directory / 'vmagent'}",
        ]
        with Process("node_exporter", exporter_command, directory) as exporter:
            wait_until_listening(exporter, exporter_port)  # a scrape before that would count as a first batch
            with Process("vmagent", vmagent_command, directory) as vmagent:
                yield [exporter, vmagent]

    def counters(self) -> tuple[float, float]:
        """Samples pushed and scrapes done since vmagent's start, as it counts them itself."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._vmagent_port}/metrics", timeout=START_SECONDS) as answer:
            text = answer.read().decode()
        return total(text, ROWS_PUSHED), total(text, SCRAPES)


def total(text: str, metric: str) -> float:
    """The sum of a metric's samples in Prometheus text."""
    found = re.findall(rf"^{re.escape(metric)}(?:{{.*}})? (\S+)", text, re.MULTILINE)
    return sum(map(float, found))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_listening(process: Process, port: int) -> None:
    """Raises BenchmarkError when it does not happen."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        process.check()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.005)
    raise BenchmarkError(f"{process.name} does not listen on port {port}; {process.last_words()}")


# What a Python that does nothing takes, then what TLS adds to it.
FLOORS = {
    "python3 -I -S, asleep": "",
    "... with ssl and a context for the CA": "import ssl; context = ssl.create_default_context(cafile=sys.argv[2]); ",
    "... with an open connection to the receiver": (
        "import socket, ssl; context = ssl.create_default_context(cafile=sys.argv[2]); "
        "connection = context.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))), "
        "server_hostname='127.0.0.1'); "
    ),
}


def floor_command(python: Path, preparation: str, place: Place) -> Sequence[str | Path]:
    """Prints a line when it is as large as it gets."""
    code = f"import sys, time; {preparation}print('asleep', flush=True); time.sleep(600)"
    return [python, "-I", "-S", "-c", code, str(place.port), place.certificates.authority]
