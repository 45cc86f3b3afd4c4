"""Requests that nobody has made before, and queries that are made to be too much: all answered, and nothing stays."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.collector_process import CollectorProcess

# What the memory of a process moves by itself.
SLACK_BYTES = 8 * 1024 * 1024
REQUESTS = 1200
QUERY_SECONDS = 2
# The time limit, and much more than it takes to notice it.
PATIENCE_SECONDS = 20

NOW = int(time.time()) // 5 * 5
LONG = "x" * 10_000


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    files = {"collector": {"query_timeout_seconds": QUERY_SECONDS, "query_max_samples": 5_000_000}}
    process = CollectorProcess(tmp_path_factory.mktemp("collector"), files)
    process.start()
    try:
        process.wait_until_ready()
        lines = [
            f'load{{instance="web-{host}",cpu="{cpu}"}} {host + second} {(NOW - second) * 1000}\n'
            for host in range(5)
            for cpu in range(20)
            for second in range(600, 0, -5)
        ]
        httpx.post(f"{process.url}/api/v1/import/prometheus", content="".join(lines)).raise_for_status()
        yield process
    finally:
        process.stop()


def resident_bytes(process: CollectorProcess) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def request(generator: random.Random, number: int) -> tuple[str, str, dict[str, str]]:
    """Method, path and parameters; no text is ever the same."""
    word = f"w{number}_{generator.randrange(10**9)}"
    selector = f'load{{cpu!="{word}",instance=~"web-[{generator.randrange(5)}].*|{word}"}}'
    start, end = str(NOW - generator.randrange(600)), str(NOW)
    return generator.choice(
        [
            (
                "GET",
                "query",
                {"query": f"sum by (cpu) (rate({selector}[{generator.randrange(60, 3600)}s]))", "time": end},
            ),
            ("POST", "query_range", {"query": f"{selector} * {number}", "start": start, "end": end, "step": "5"}),
            ("GET", "query", {"query": f"{word} + ("}),
            ("GET", "series", {"match[]": selector, "start": start}),
            ("GET", f"label/{word}/values", {}),
            ("GET", "labels", {"match[]": f'{{__name__=~"{word}|load"}}'}),
            ("GET", "rules", {"rule_name[]": word}),
            ("POST", "format_query", {"query": selector}),
            ("GET", "metadata", {"metric": word}),
            ("GET", "federate", {"match[]": selector}),
        ]
    )


def test_memory_does_not_grow_with_requests_that_are_all_different(collector: CollectorProcess) -> None:
    generator = random.Random(1)
    after: list[int] = []
    with httpx.Client(base_url=f"{collector.url}/api/v1/", timeout=PATIENCE_SECONDS) as client:
        for turn in range(4):
            for number in range(REQUESTS):
                method, path, parameters = request(generator, turn * REQUESTS + number)
                where = "/federate" if path == "federate" else path
                given = {"params": parameters} if method == "GET" else {"data": parameters}
                answer = client.request(method, where if where != "/federate" else f"{collector.url}/federate", **given)
                assert answer.status_code in (200, 400, 422), answer.text
            after.append(resident_bytes(collector))
    # The first turns fill the caches, which are bounded.
    assert after[3] - after[2] < SLACK_BYTES, after


@pytest.mark.parametrize(
    "query",
    [
        "load[100y:1ms]",
        "max_over_time(max_over_time(max_over_time(load[1d:1s])[1d:1s])[1d:1s])",
        "sum(rate(load[5m])) by (cpu) " + "+ on (cpu) group_left () load " * 200,
        "(" * 5000 + "load" + ")" * 5000,
        "-" * 20_000 + "load",
        f'label_replace(load, "{"a" * 5000}", "$1$1$1$1", "instance", "({LONG}|.*)")',
        'label_join(load, "a", "' + LONG + '", ' + ", ".join(['"instance"'] * 500) + ")",
        f'label_replace(load, "a", "{"$1" * 5000}", "instance", "(.*)")',
        'count_values("v", load[1h:1ms])',
        'load{instance=~"' + "(.*)*" * 500 + '"}',
        'load{instance=~"(x{1000}){1000}"}',
        "load ^ 1e308 ^ 1e308",
        f"vector({'9' * 20_000})",
        "quantile_over_time(scalar(load), load[1y:1ms])",
        "sort(topk(1e300, load)) or bottomk(-1e300, load)",
        "predict_linear(load[1h], 1e308) offset 1000y",
        " or ".join(["load"] * 3000),
        "holt_winters(load[1y:1ms], 0.5, 0.5)",
        "absent(" * 300 + "load" + ")" * 300,
    ],
    ids=lambda query: query[:20],
)
@pytest.mark.parametrize("path", ["query", "query_range"])
def test_a_query_that_is_too_much_ends_in_time_and_others_are_answered(
    collector: CollectorProcess, query: str, path: str
) -> None:
    parameters = {"query": query, "time": str(NOW), "start": str(NOW - 86_400), "end": str(NOW), "step": "10"}
    answer = httpx.post(f"{collector.url}/api/v1/{path}", data=parameters, timeout=PATIENCE_SECONDS)
    assert answer.status_code in (200, 400, 422, 503), answer.text
    health = httpx.get(f"{collector.url}/api/v1/query", params={"query": "count(load)", "time": str(NOW)})
    assert health.json()["data"]["result"][0]["value"][1] == "100"
    assert resident_bytes(collector) < 1024**3
