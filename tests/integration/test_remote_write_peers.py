"""A real vmagent and a real Prometheus write to the collector, which then has exactly what they have scraped."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.processes import Process
from benchmarks.prometheus_process import prometheus
from benchmarks.sides import free_port
from tests.integration.collector_process import CollectorProcess
from tests.peers import peer

PATIENCE_SECONDS = 60
INTERVAL = "200ms"
SCRAPES = 10

# Values and labels that are easily damaged on the way.
PAGE = """\
# TYPE scrapes_total counter
scrapes_total {count}
# TYPE odd_value gauge
odd_value{{kind="infinite"}} +Inf
odd_value{{kind="not a number"}} NaN
odd_value{{kind="tiny"}} 4.9e-324
odd_value{{kind="negative"}} -1.7976931348623157e308
odd_value{{kind="precise"}} 0.30000000000000004
# TYPE odd_label gauge
odd_label{{text="quotes \\" backslash \\\\ newline \\n and Ünïcödé 🦉"}} 1
# TYPE seconds histogram
seconds_bucket{{le="0.1"}} 3
seconds_bucket{{le="+Inf"}} 5
seconds_sum 2.5
seconds_count 5
"""
VANISHING = "# TYPE vanishing gauge\nvanishing 1\n"
ODD_VALUES = {
    "infinite": math.inf,
    "tiny": 4.9e-324,
    "negative": -1.7976931348623157e308,
    "precise": 0.30000000000000004,
}


class Exporter:
    """Counts how often it was asked, and says so in its metrics."""

    def __init__(self) -> None:
        self.count = 0
        self.has_vanished = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.count += 1
                text = PAGE.format(count=outer.count) + ("" if outer.has_vanished else VANISHING)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.port = self._server.server_address[1]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    exporter = Exporter()
    yield exporter
    exporter.close()


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[CollectorProcess]:
    collector = CollectorProcess(tmp_path / "collector", {})
    collector.start()
    collector.wait_until_ready()
    yield collector
    collector.close()


def scraping(exporter: Exporter) -> dict[str, Any]:
    targets = [{"targets": [f"127.0.0.1:{exporter.port}"], "labels": {"instance": "host-1"}}]
    return {
        "global": {"scrape_interval": INTERVAL},
        "scrape_configs": [{"job_name": "peer", "static_configs": targets}],
    }


@contextmanager
def running_vmagent(exporter: Exporter, write_url: str, directory: Path) -> Iterator[None]:
    configuration = directory / "scrape.yml"
    configuration.write_text(json.dumps(scraping(exporter)))
    command = [
        peer("vmagent"),
        f"-httpListenAddr=127.0.0.1:{free_port()}",
        f"-promscrape.config={configuration}",
        f"-remoteWrite.url={write_url}",
        f"-remoteWrite.tmpDataPath={directory / 'vmagent'}",
        "-remoteWrite.flushInterval=200ms",
    ]
    with Process("vmagent", command, directory):
        yield


@contextmanager
def running_prometheus(exporter: Exporter, write_url: str, directory: Path, port: int | None = None) -> Iterator[None]:
    peer("prometheus")
    write = {"url": write_url, "queue_config": {"batch_send_deadline": "200ms"}}
    with prometheus(port or free_port(), {**scraping(exporter), "remote_write": [write]}, directory):
        yield


Running = Callable[[Exporter, str, Path], AbstractContextManager[None]]


@pytest.fixture(params=[running_vmagent, running_prometheus], ids=["vmagent", "prometheus"])
def writing(
    request: pytest.FixtureRequest, exporter: Exporter, collector: CollectorProcess, tmp_path: Path
) -> Iterator[None]:
    running: Running = request.param
    with running(exporter, f"{collector.url}/api/v1/write", tmp_path):
        yield


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.1)


def samples(url: str, selector: str) -> list[tuple[float, float]]:
    """The stored samples of one series."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": f"{selector}[10m]"}, timeout=60)
    assert answer.is_success, answer.text
    result = answer.json()["data"]["result"]
    return [(at, float(value)) for at, value in result[0]["values"]] if result else []


def scraped(collector: CollectorProcess) -> list[float]:
    return [value for _, value in samples(collector.url, 'scrapes_total{instance="host-1",job="peer"}')]


def wait_for_all_until(count: int, collector: CollectorProcess) -> None:
    """Until each scrape up to that one is there once. vmagent sends over several connections, and so not in order."""
    until(lambda: scraped(collector)[:count] == list(range(1, count + 1)), f"scrapes 1 to {count}, each once")


@pytest.mark.usefixtures("writing")
def test_values_and_labels_arrive_as_they_were_scraped(exporter: Exporter, collector: CollectorProcess) -> None:
    wait_for_all_until(SCRAPES, collector)
    found = {one["metric"]["kind"]: float(one["value"][1]) for one in collector.query("odd_value")}
    assert math.isnan(found.pop("not a number"))
    assert found == ODD_VALUES
    (odd,) = collector.query("odd_label")
    assert odd["metric"]["text"] == 'quotes " backslash \\ newline \n and Ünïcödé 🦉'
    buckets = {one["metric"]["le"]: one["value"][1] for one in collector.query("seconds_bucket")}
    assert buckets == {"0.1": "3", "+Inf": "5"}


@pytest.mark.usefixtures("writing")
def test_a_series_ends_when_it_is_scraped_no_more(exporter: Exporter, collector: CollectorProcess) -> None:
    until(lambda: collector.query("vanishing"), "the series is there")
    exporter.has_vanished = True
    until(lambda: not collector.query("vanishing"), "the series has ended")
    assert collector.query("scrapes_total")


@pytest.mark.usefixtures("writing")
def test_nothing_is_lost_and_nothing_comes_twice_when_the_collector_was_killed(
    exporter: Exporter, collector: CollectorProcess
) -> None:
    wait_for_all_until(SCRAPES, collector)
    collector.kill()
    missed_from = exporter.count
    until(lambda: exporter.count >= missed_from + SCRAPES, "scrapes while it is away")
    collector.start()
    collector.wait_until_ready()
    wait_for_all_until(exporter.count, collector)


def test_the_collector_has_the_samples_that_prometheus_has_itself(
    exporter: Exporter, collector: CollectorProcess, tmp_path: Path
) -> None:
    port = free_port()
    with running_prometheus(exporter, f"{collector.url}/api/v1/write", tmp_path, port):
        wait_for_all_until(SCRAPES, collector)
        ours = samples(collector.url, "scrapes_total")
        theirs = samples(f"http://127.0.0.1:{port}", "scrapes_total")
    assert ours == theirs[: len(ours)]
