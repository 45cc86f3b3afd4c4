"""`playbooks/load.yml` with the real load tool, before servers on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.peers import peer

ROOT = Path(__file__).resolve().parents[2]


class Server(BaseHTTPRequestHandler):
    """Has one page."""

    def do_GET(self) -> None:
        body = b"hello\n"
        self.send_response(200 if self.path == "/work" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


HOSTS = {"127.0.0.1": {}}


def play(
    directory: Path, port: int, *arguments: str, hosts: dict[str, dict[str, str]] = HOSTS, **variables: str
) -> tuple[int, str]:
    """The exit code of the play, and what it says, in one line. The user has never called the load tool before."""
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_host": "127.0.0.9"}
    inventory = {
        "monitor_collector": {"hosts": {"monitor": here}},
        "demo_service": {"hosts": hosts, "vars": {"demo_service_port": port}},
    }
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory))
    command: list[str | Path] = [Path(sys.executable).parent / "ansible-playbook", "--inventory"]
    command += [directory / "hosts.yml", "playbooks/load.yml", *arguments]
    for name, value in {"duration": "1s", "concurrency": "2", **variables}.items():
        command += ["--extra-vars", f"{name}={value}"]
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(directory / "ansible"),
        "COLUMNS": "10000",
        "HOME": str(directory),
        "PATH": f"{peer('siege').parent}{os.pathsep}{os.environ['PATH']}",
    }
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, " ".join(result.stdout.split() + result.stderr.split())


def test_a_service_is_loaded_and_the_figures_are_told(tmp_path: Path, port: int) -> None:
    code, said = play(tmp_path, port, endpoint="/work")
    assert code == 0, said
    assert f"http://127.0.0.1:{port}/work, 2 clients for" in said
    assert "0 failed" in said
    assert "availability 100.00 %" in said


def test_a_host_whose_name_does_not_resolve_is_loaded_by_its_address(tmp_path: Path, port: int) -> None:
    code, said = play(tmp_path, port, hosts={"web-1.invalid": {"ansible_host": "127.0.0.1"}})
    assert code == 0, said
    assert f"http://127.0.0.1:{port}/work, 2 clients for" in said


def test_a_page_that_is_not_there_is_a_failure(tmp_path: Path, port: int) -> None:
    code, said = play(tmp_path, port, endpoint="/nope")
    assert code != 0
    assert f"http://127.0.0.1:{port}/nope gave no good answer" in said


def test_a_service_that_does_not_run_is_a_failure(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, said = play(tmp_path, taken.getsockname()[1])
    assert code != 0
    assert "0 answers with an error" in said


def test_a_rehearsal_loads_nothing(tmp_path: Path, port: int) -> None:
    code, said = play(tmp_path, port, "--check")
    assert code == 0, said
    assert "clients for" not in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "work"},
        {"duration": "30"},
        {"duration": "11m"},
        {"duration": "0s"},
        {"duration": ""},
        {"concurrency": "201"},
        {"concurrency": "0"},
    ],
)
def test_a_load_that_there_is_not_is_refused_with_what_to_write(
    tmp_path: Path, port: int, wrong: dict[str, str]
) -> None:
    code, said = play(tmp_path, port, **wrong)
    assert code != 0
    assert "There is no such load" in said
    assert "-e endpoint=/work -e duration=30s -e concurrency=25" in said
