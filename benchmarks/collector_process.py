"""The collector as a process, with a configuration directory as the role writes one."""

from __future__ import annotations

import hashlib
import json
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.certificates import Files
from benchmarks.errors import BenchmarkError
from benchmarks.processes import Process
from benchmarks.sides import START_SECONDS

ROOT = Path(__file__).resolve().parent.parent


class Setup(NamedTuple):
    """What differs between collectors. `settings` goes into collector.yml as it is; `tokens` is instance -> token, and
    with them the collector takes pushes of those hosts only."""

    port: int
    rule_files: Sequence[Path] = ()
    webhook_url: str = ""
    targets: Sequence[Mapping[str, Any]] = ()
    thresholds: Mapping[str, Mapping[str, float]] = {}
    certificates: Files | None = None
    tokens: Mapping[str, str] = {}
    settings: Mapping[str, Any] = {}

    @property
    def url(self) -> str:
        return f"{'https' if self.certificates else 'http'}://127.0.0.1:{self.port}"


def write_configuration(setup: Setup, directory: Path) -> Path:
    """The files below `directory`/configuration, whose path is returned. YAML takes JSON as it is."""
    configuration = directory / "configuration"
    rules = configuration / "rules.d"
    rules.mkdir(parents=True)
    settings: dict[str, Any] = {
        "listen": f"127.0.0.1:{setup.port}",
        "external_url": setup.url,
        "data_directory": str(directory / "data"),
        **setup.settings,
    }
    if setup.certificates:
        certificate, key = str(setup.certificates.certificate), str(setup.certificates.key)
        settings["tls"] = {"certificate_file": certificate, "key_file": key}
    if setup.tokens:
        credentials = configuration / "credentials.yml"
        digests = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in setup.tokens.items()}
        credentials.write_text(json.dumps(digests))
        settings["credentials_file"] = str(credentials)
    receivers = [{"name": "benchmark", "webhook": {"url": setup.webhook_url}}] if setup.webhook_url else []
    (configuration / "collector.yml").write_text(json.dumps(settings))
    (configuration / "receivers.yml").write_text(json.dumps({"receivers": receivers}))
    (configuration / "targets.yml").write_text(json.dumps({"targets": list(setup.targets)}))
    (configuration / "thresholds.yml").write_text(json.dumps({"thresholds": dict(setup.thresholds)}))
    for file in setup.rule_files:
        shutil.copy(file, rules)
    return configuration


@contextmanager
def collector(setup: Setup, directory: Path) -> Iterator[Process]:
    """Runs one that is ready. Raises BenchmarkError when it does not get so far."""
    command = [sys.executable, "-m", "monitor_collector", "run", "--config-directory"]
    configuration = write_configuration(setup, directory)
    with Process("monitor_collector", [*command, configuration], directory, {"PYTHONPATH": str(ROOT)}) as process:
        wait_until_ready(process, f"{setup.url}/-/ready", setup.certificates)
        yield process


def wait_until_ready(process: Process, url: str, certificates: Files | None = None) -> None:
    """Until the address answers 200. Raises BenchmarkError when it does not."""
    context = ssl.create_default_context(cafile=certificates.authority) if certificates else None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        process.check()
        try:
            urllib.request.urlopen(url, timeout=START_SECONDS, context=context).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise BenchmarkError(f"{process.name} does not become ready; {process.last_words()}")
