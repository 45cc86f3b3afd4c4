"""The collector as a process of its own, which tests may kill, stop and start again on the same directory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60

# Cuts and merges come every fraction of a second instead of every two hours, so that kills fall into them too.
_HASTY = """
import sys
from pathlib import Path
from monitor_collector import history, storage
storage.WAL_MAX_BYTES = 100_000
storage._TIDY_SECONDS = 0.2
history.MERGED_SPANS_MS = (3_000, 20_000)
history._MERGE_DELAY_MS = 1_000
from monitor_collector.server import run
sys.exit(run(Path(sys.argv[1])))
"""


class CollectorProcess:
    """`files` are the documents of the configuration directory, by name without the suffix."""

    def __init__(self, directory: Path, files: dict[str, Any], is_hasty: bool = False) -> None:
        self.directory = directory
        self.log = directory / "collector.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (directory / "rules.d").mkdir(parents=True)
        self.data = directory / "data"
        settings = {
            "listen": f"127.0.0.1:{self.port}",
            "external_url": f"http://127.0.0.1:{self.port}",
            "data_directory": str(self.data),
        }
        for name, content in {**files, "collector": {**settings, **files.get("collector", {})}}.items():
            (directory / f"{name}.yml").write_text(yaml.safe_dump(content))
        self._command = (
            [sys.executable, "-c", _HASTY, str(directory)]
            if is_hasty
            else [sys.executable, "-m", "monitor_collector", "run", "--config-directory", str(directory)]
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns at once; `wait_until_ready` tells when it takes pushes."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None and self._process.poll() is None, self.log.read_text()
            try:
                if httpx.get(f"{self.url}/-/ready", timeout=5).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not ready after {START_SECONDS} s:\n{self.log.read_text()}")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """In good order; returns the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        status = self._process.wait(START_SECONDS)
        self._process = None
        return status

    def query(self, expression: str, at_seconds: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query."""
        parameters = {"query": expression} | ({} if at_seconds is None else {"time": str(at_seconds)})
        answer = httpx.get(f"{self.url}/api/v1/query", params=parameters, timeout=60)
        assert answer.is_success, answer.text
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
