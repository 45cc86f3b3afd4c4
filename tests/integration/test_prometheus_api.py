"""The HTTP API answers what a real Prometheus answers: the same status, kind of error, shape and data.

The Prometheus is Debian's, version 2.42. The same samples are in both: made into blocks by promtool there, pushed
here. The requests are those of prometheus_requests.
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest
import yaml

from tests.integration import prometheus_requests as corpus
from tests.integration.collector_process import CollectorProcess
from tests.integration.prometheus_requests import DIFFERENT, RIGHT, WRONG, Request
from tests.peers import peer
from tests.unit.collector.conftest import Bench

RULES = {
    "groups": [
        {
            "name": "hosts",
            "interval": "1s",
            "rules": [
                {"record": "load:double", "expr": "load * 2"},
                {"record": "load:labelled", "expr": "load * 2", "labels": {"kind": "double"}},
                {
                    "alert": "High",
                    "expr": "load > 3",
                    "labels": {"severity": "page"},
                    "annotations": {"summary": "{{ $labels.instance }} has {{ $value }}"},
                },
                {"alert": "Patient", "expr": "load > 3", "for": "1d", "keep_firing_for": "5m"},
                {"alert": "Never", "expr": "load < 0"},
                {"alert": "Broken", "expr": "load * on () load"},
            ],
        }
    ]
}

MOMENTARY = ("lastEvaluation", "evaluationTime", "activeAt")
SINCE_VERSION_3 = ("droppedTargetCounts",)

Result = TypeVar("Result")


class Both(NamedTuple):
    """A Prometheus and a collector with the same samples; `start` is the moment of the first, in Unix seconds."""

    start: int
    prometheus: httpx.Client
    bench: Bench

    def ours(self, work: Callable[[httpx.AsyncClient], Awaitable[Result]]) -> Result:
        return self.bench.run(lambda: work(self.bench.client))

    def url_and_arguments(self, request: Request) -> tuple[str, dict[str, Any]]:
        def moment(text: str) -> str:
            return re.sub(r"^\{(\d+)\}$", lambda found: str(self.start + int(found[1])), text)

        def filled(parameters: dict[str, Any]) -> dict[str, Any]:
            return {
                name: moment(value) if isinstance(value, str) else [moment(one) for one in value]
                for name, value in parameters.items()
            }

        arguments: dict[str, Any] = {"params": filled(request.parameters)}
        if request.form:
            arguments["data"] = filled(request.form)
        return f"/api/v1/{request.path}", arguments


def lines(start: int) -> Iterator[tuple[str, str, int]]:
    """Series, value and Unix seconds of every sample."""
    for number, series in enumerate(corpus.SERIES):
        kind = series.partition('kind="')[2].removesuffix('"}')
        for step in range(corpus.SECONDS // corpus.INTERVAL_SECONDS):
            value = corpus.ODD_VALUES.get(kind) or f"{step * (number + 1) * 1.1}"
            yield series, value, start + step * corpus.INTERVAL_SECONDS


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Data of the last ten minutes, since federation tells of the last five only."""
    now = int(time.time())
    start = now - corpus.SECONDS
    bench = Bench(tmp_path_factory.mktemp("collector"))
    bench.now_ms = now * 1000
    bench.write("targets", targets=[])
    bench.write("thresholds", thresholds={})
    bench.write("rules.d/rules", **RULES)

    async def push() -> None:
        text = "".join(f"{series} {value} {second * 1000}\n" for series, value, second in lines(start))
        answer = await bench.client.post("/api/v1/import/prometheus", content=text)
        assert answer.status_code == 204, answer.text

    bench.run(push)
    process, address = start_prometheus(tmp_path_factory.mktemp("prometheus"), start)
    try:
        with httpx.Client(base_url=address) as client:
            wait_until_evaluated(client)
            yield Both(start, client, bench)
    finally:
        process.kill()
        process.wait()


def start_prometheus(home: Path, start: int) -> tuple[subprocess.Popen[bytes], str]:
    samples = "".join(f"{series} {value} {second}\n" for series, value, second in lines(start))
    (home / "samples.txt").write_text(f"{samples}# EOF\n")
    (home / "prometheus.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"]}))
    (home / "rules.yml").write_text(yaml.safe_dump(RULES))
    make_blocks = [peer("promtool"), "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"]
    subprocess.run(make_blocks, cwd=home, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={address}"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([peer("prometheus"), *arguments], cwd=home, stdout=log, stderr=log)
    return process, f"http://{address}"


def wait_until_evaluated(prometheus: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
        except (httpx.TransportError, ValueError):  # not there yet, or not ready
            groups = []
        if groups and all(rule["health"] != "unknown" for rule in groups[0]["rules"]):
            return
        time.sleep(0.05)
    pytest.fail("Prometheus has not evaluated its rules within 30 s")


class Answer(NamedTuple):
    """What of an answer must be the same."""

    status: int
    kind: str
    about: str
    data: Any

    @classmethod
    def of(cls, response: httpx.Response) -> Answer:
        if response.headers.get("content-type") != "application/json" or response.status_code in (404, 405):
            return cls(response.status_code, "", "", None)
        body = response.json()
        about = re.match(r'invalid parameter "[^"]*"|', body.get("error", ""))
        assert about is not None
        return cls(response.status_code, body.get("errorType", ""), about[0], _comparable(body.get("data")))

    def agrees_with(self, theirs: Answer) -> bool:
        """Version 2.42 does not always say which parameter is wrong."""
        return self._replace(about=self.about if theirs.about else "") == theirs


def _comparable(data: Any) -> Any:
    """Data without what depends on the moment, and what only version 3 tells.

    Neither promises an order of series or alerts, nor which of several duplicate series an error names.
    """
    if isinstance(data, str):
        return data.partition(" for the match group")[0]
    if isinstance(data, list):
        return [_comparable(one) for one in data]
    if not isinstance(data, dict):
        return data
    if data.get("resultType") == "vector":
        return {**data, "result": sorted(data["result"], key=str)}
    if isinstance(data.get("alerts"), list):
        data = {**data, "alerts": sorted(data["alerts"], key=lambda alert: sorted(alert["labels"].items()))}
    return {name: _comparable(value) for name, value in data.items() if name not in (*MOMENTARY, *SINCE_VERSION_3)}


@pytest.fixture(scope="module")
def answers(both: Both) -> dict[str, tuple[Answer, Answer]]:
    """Ours and theirs."""
    requests = [*RIGHT, *WRONG, *(request for different in DIFFERENT.values() for request in different)]

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        await both.bench.collector.engine.evaluate(both.bench.now_ms)
        found = []
        for request in requests:
            url, arguments = both.url_and_arguments(request)
            found.append(await client.request(request.method, url, **arguments))
        return found

    ours = both.ours(ask)
    theirs = []
    for request in requests:
        url, arguments = both.url_and_arguments(request)
        theirs.append(both.prometheus.request(request.method, url, **arguments))
    return {
        str(request): (Answer.of(mine), Answer.of(other))
        for request, mine, other in zip(requests, ours, theirs, strict=True)
    }


@pytest.mark.parametrize("request_", [*RIGHT, *WRONG], ids=str)
def test_the_answer_is_that_of_prometheus(request_: Request, answers: dict[str, tuple[Answer, Answer]]) -> None:
    ours, theirs = answers[str(request_)]
    assert ours.agrees_with(theirs), f"\nours   {ours}\ntheirs {theirs}"


@pytest.mark.parametrize("request_", RIGHT, ids=str)
def test_right_requests_are_right(request_: Request, answers: dict[str, tuple[Answer, Answer]]) -> None:
    assert answers[str(request_)][0].status == 200


@pytest.mark.parametrize(
    ("reason", "request_"), [(reason, one) for reason, requests in DIFFERENT.items() for one in requests], ids=str
)
def test_a_known_difference_is_still_one(
    reason: str, request_: Request, answers: dict[str, tuple[Answer, Answer]]
) -> None:
    ours, theirs = answers[str(request_)]
    assert not ours.agrees_with(theirs), f"no longer true: {reason}"


def ask_both(both: Both, method: str, path: str, **arguments: Any) -> tuple[httpx.Response, httpx.Response]:
    """Ours after an evaluation, and theirs."""

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        await both.bench.collector.engine.evaluate(both.bench.now_ms)
        return await client.request(method, path, **arguments)

    return both.ours(ask), both.prometheus.request(method, path, **arguments)


def test_alerts_are_those_of_prometheus(both: Both) -> None:
    ours, theirs = (answer.json()["data"]["alerts"] for answer in ask_both(both, "GET", "/api/v1/alerts"))
    assert len(ours) == 4
    assert sorted(_comparable(ours), key=str) == sorted(_comparable(theirs), key=str)
    moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
    assert all(moment.fullmatch(alert["activeAt"]) for alert in (*ours, *theirs))


@pytest.mark.parametrize(
    "path", ["status/buildinfo", "status/runtimeinfo", "status/flags", "status/config", "status/tsdb", "targets"]
)
def test_the_shape_of_what_is_told_about_the_server_is_that_of_prometheus(both: Both, path: str) -> None:
    ours, theirs = (answer.json()["data"] for answer in ask_both(both, "GET", f"/api/v1/{path}"))
    if path == "status/flags":
        assert ours.keys() <= theirs.keys()
    else:
        assert ours.keys() >= theirs.keys()
    for name in ours.keys() & theirs.keys():
        assert type(ours[name]) is type(theirs[name]), name


@pytest.mark.parametrize(
    "selectors",
    [
        [],
        ["load"],
        ["nothing"],
        ["no_labels"],
        ['odd{kind="tiny"}', "load"],
        ['{instance=~"web-.",__name__!~".*:.*|ALERT.*"}'],
    ],
)
def test_federation_serves_what_prometheus_serves(both: Both, selectors: list[str]) -> None:
    ours, theirs = ask_both(both, "GET", "/federate", params={"match[]": selectors})
    assert ours.status_code == theirs.status_code == 200
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    assert sorted(ours.text.splitlines()) == sorted(theirs.text.splitlines())


def test_federation_refuses_what_prometheus_refuses(both: Both) -> None:
    ours, theirs = ask_both(both, "GET", "/federate", params={"match[]": "{"})
    assert ours.status_code == theirs.status_code == 400
    assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_known_differences_outside_of_single_requests_are_still_there(both: Both) -> None:
    ours, theirs = ask_both(both, "POST", "/api/v1/query", files={"query": (None, "1")})
    assert (ours.status_code, theirs.status_code) == (400, 200)
    ours, theirs = ask_both(both, "GET", "/federate", params={"match[]": '{__name__=~".*"}'})
    assert (ours.status_code, theirs.status_code) == (400, 200)
    ours, theirs = ask_both(both, "GET", "/api/v1/nothing")
    assert (ours.headers["content-type"], theirs.headers["content-type"].partition(";")[0]) == (
        "application/json",
        "text/plain",
    )
    ours, theirs = ask_both(both, "GET", "/api/v1/query?query=1&stats=all")
    assert "stats" not in ours.json()["data"]
    assert "stats" in theirs.json()["data"]


@pytest.mark.parametrize(("method", "path"), [("GET", "query?query=1"), ("GET", "query"), ("OPTIONS", "query")])
def test_browsers_are_told_what_prometheus_tells_them(both: Both, method: str, path: str) -> None:
    ours, theirs = ask_both(both, method, f"/api/v1/{path}", headers={"Origin": "http://elsewhere"})

    def told(answer: httpx.Response) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}

    assert told(ours) == told(theirs)
    assert "Origin" in ours.headers["vary"]
    assert "Origin" in theirs.headers["vary"]


@pytest.mark.parametrize(("method", "path"), [("DELETE", "query"), ("POST", "rules"), ("HEAD", "labels")])
def test_the_methods_of_a_path_are_those_of_prometheus(both: Both, method: str, path: str) -> None:
    ours, theirs = ask_both(both, method, f"/api/v1/{path}")
    assert ours.status_code == theirs.status_code == 405
    # Prometheus counts OPTIONS, which is answered on every path.
    assert {*ours.headers["allow"].split(", "), "OPTIONS"} == {*theirs.headers["allow"].split(", ")}


@pytest.mark.parametrize(
    "arguments",
    [
        ("instant", "--time={307}", "load"),
        ("instant", "--time={307}", "load[1m]"),
        ("instant", "--time={307}", "1 + 1"),
        ("instant", "--time={307}", "load =="),
        ("range", "--start={307}", "--end={397}", "--step=30s", "rate(cpu_seconds_total[2m])"),
        ("series", "--match=load", "--match=odd"),
        ("labels", "mode"),
    ],
)
def test_promtool_prints_the_same_for_both(both: Both, collector: CollectorProcess, arguments: tuple[str, ...]) -> None:
    words = [re.sub(r"\{(\d+)\}", lambda found: str(both.start + int(found[1])), word) for word in arguments]

    def printed(url: str) -> tuple[int, list[str]]:
        command = [peer("promtool"), "query", words[0], *words[1:-1], url, words[-1]]
        if words[0] == "series":
            command = [peer("promtool"), "query", "series", *words[1:], url]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return result.returncode, sorted(_without_reason(result.stdout + result.stderr).splitlines())

    assert printed(collector.url) == printed(str(both.prometheus.base_url))


def _without_reason(text: str) -> str:
    """Of what is wrong with an expression, each parser tells in its own words."""
    return text.partition('invalid parameter "query": ')[0]


@pytest.fixture(scope="module")
def collector(both: Both, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A process with the same samples, since promtool needs a socket to speak to."""
    process = CollectorProcess(tmp_path_factory.mktemp("process"), {})
    process.start()
    try:
        process.wait_until_ready()
        text = "".join(f"{series} {value} {second * 1000}\n" for series, value, second in lines(both.start))
        httpx.post(f"{process.url}/api/v1/import/prometheus", content=text).raise_for_status()
        yield process
    finally:
        process.close()
