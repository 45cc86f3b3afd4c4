"""Queries over HTTP: their answers, what is wrong with them, and what ends them early."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from urllib.parse import urlencode

import pytest

from monitor_collector.head import Head
from monitor_collector.queries import Queries
from tests.unit.collector.conftest import START_MS, Bench

HIGH = 'load{instance="web-1"} 3'
LATER = START_MS / 1000 + 1


def test_an_instant_query_gives_a_vector(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH)
        answer = await bench.client.get("/api/v1/query", params={"query": "load"})
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {
            "status": "success",
            "data": {
                "resultType": "vector",
                "result": [{"metric": {"__name__": "load", "instance": "web-1"}, "value": [LATER, "3"]}],
            },
        }
        assert (await bench.data("query", query="load", time=LATER - 1))["result"] == []
        assert (await bench.data("query", query="load", time="2023-11-14T22:13:21Z"))["result"] != []

    bench.run(work)


def test_a_posted_form_is_read_before_the_address_and_other_bodies_are_not(bench: Bench) -> None:
    async def work() -> None:
        async def result(**request: Any) -> Any:
            return (await bench.client.post("/api/v1/query?query=1", **request)).json()["data"]["result"][1]

        assert await result(data={"query": "2"}) == "2"
        assert await result() == "1"
        assert await result(content="query=2", headers={"Content-Type": "text/plain"}) == "1"

    bench.run(work)


def test_a_form_that_is_too_large_is_refused(bench: Bench) -> None:
    async def work() -> None:
        answer = await bench.client.post("/api/v1/query", data={"query": "1 + " * 300_000 + "1"})
        assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
        assert "a form may have 1048576 bytes" in answer.json()["error"]

    bench.run(work)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("1 + 1", {"resultType": "scalar", "result": [LATER, "2"]}),
        ('"text"', {"resultType": "string", "result": [LATER, "text"]}),
        ("1 / 0", {"resultType": "scalar", "result": [LATER, "+Inf"]}),
        (
            "load[5s]",
            {
                "resultType": "matrix",
                "result": [{"metric": {"__name__": "load", "instance": "web-1"}, "values": [[LATER, "3"]]}],
            },
        ),
    ],
)
def test_every_type_of_result_is_answered(bench: Bench, query: str, expected: dict[str, Any]) -> None:
    async def work() -> None:
        await bench.second(HIGH)
        assert await bench.data("query", query=query) == expected

    bench.run(work)


def test_a_range_query_gives_a_matrix(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH)
        await bench.second('load{instance="web-1"} 4.5')
        found = await bench.data("query_range", query="load", start=LATER, end=LATER + 1, step="1s")
        assert found == {
            "resultType": "matrix",
            "result": [
                {"metric": {"__name__": "load", "instance": "web-1"}, "values": [[LATER, "3"], [LATER + 1, "4.5"]]}
            ],
        }

    bench.run(work)


def test_a_query_may_look_back_less_far(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH)
        await bench.second()
        await bench.second()
        assert len((await bench.data("query", query="load"))["result"]) == 1
        assert (await bench.data("query", query="load", lookback_delta="1s"))["result"] == []
        around = {"start": LATER + 2, "end": LATER + 2, "step": 1}
        assert (await bench.data("query_range", query="load", lookback_delta="1s", **around))["result"] == []
        assert len((await bench.data("query", query="load", lookback_delta="-1"))["result"]) == 1

    bench.run(work)


def test_a_limit_cuts_the_result_and_warns(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH, 'load{instance="web-2"} 1')
        for path in ("query?", f"query_range?start={LATER}&end={LATER}&step=1&"):
            answer = (await bench.client.get(f"/api/v1/{path}query=load&limit=1")).json()
            assert len(answer["data"]["result"]) == 1
            assert answer["warnings"] == ["results truncated due to limit"]
            assert "warnings" not in (await bench.client.get(f"/api/v1/{path}query=load&limit=2")).json()

    bench.run(work)


RANGE = {"query": "up", "start": 0, "end": 10, "step": 1}


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "reason"),
    [
        ("query", {"query": "up =="}, 400, "bad_data", 'invalid parameter "query": '),
        ("query", {}, 400, "bad_data", 'invalid parameter "query": 1:1: parse error: no expression found in input'),
        ("query", {"query": "up", "time": "noon"}, 400, "bad_data", 'cannot parse "noon" to a valid timestamp'),
        ("query", {"query": "up", "timeout": "x"}, 400, "bad_data", "to a valid duration"),
        ("query", {"query": "up", "limit": "-1"}, 400, "bad_data", "limit must be non-negative"),
        ("query", {"query": "load * on (job) load"}, 422, "execution", "many-to-many"),
        ("query", {"query": "up", "timeout": "-5"}, 503, "timeout", "query timed out in"),
        ("query_range", {**RANGE, "step": 0}, 400, "bad_data", "zero or negative query resolution"),
        ("query_range", {**RANGE, "step": "x"}, 400, "bad_data", 'invalid parameter "step"'),
        ("query_range", {**RANGE, "step": ""}, 400, "bad_data", 'cannot parse "" to a valid duration'),
        ("query_range", {**RANGE, "end": -1}, 400, "bad_data", "end timestamp must not be before start time"),
        ("query_range", {**RANGE, "start": ""}, 400, "bad_data", 'invalid parameter "start"'),
        ("query_range", {**RANGE, "end": 11_002}, 400, "bad_data", "exceeded maximum resolution of 11,000 points"),
        ("query_range", {**RANGE, "query": '"x"'}, 400, "bad_data", "invalid expression type"),
        ("query_exemplars", {"query": "("}, 400, "bad_data", 'invalid parameter "query"'),
        ("query_exemplars", {**RANGE, "end": -1}, 400, "bad_data", "must not be before start timestamp"),
        ("format_query", {"query": "("}, 400, "bad_data", 'invalid parameter "query"'),
    ],
)
def test_what_is_wrong_with_a_request_is_told_as_prometheus_does(
    bench: Bench, path: str, parameters: dict[str, Any], status: int, kind: str, reason: str
) -> None:
    async def work() -> None:
        await bench.second(HIGH, 'load{instance="web-2"} 1')
        answer = await bench.client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == status
        body = answer.json()
        assert (body["status"], body["errorType"]) == ("error", kind)
        assert reason in body["error"]

    bench.run(work)


def test_no_query_has_exemplars(bench: Bench) -> None:
    async def work() -> None:
        assert await bench.data("query_exemplars", query="up", start=1, end=2) == []

    bench.run(work)


def test_an_expression_is_formatted(bench: Bench) -> None:
    async def work() -> None:
        assert await bench.data("format_query", query="sum(up)by(job)>1") == "sum by (job) (up) > 1"
        assert await bench.data("format_query", query="holt_winters(up[1m],.5,.5)") == (
            "double_exponential_smoothing(up[1m], 0.5, 0.5)"
        )
        assert await bench.data("format_query", query="up offset 0s+rate(up[5m]offset -0m)") == "up + rate(up[5m])"

    bench.run(work)


class SlowHead(Head):
    """Takes its time with every selection, until it is told not to."""

    def __init__(self) -> None:
        super().__init__(3600)
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.selections = 0

    def select(self, *arguments: Any) -> Any:
        self.selections += 1
        self.begun.set()
        assert self.may_go_on.wait(20)
        return super().select(*arguments)


def test_a_query_that_takes_too_long_is_answered_at_its_limit_and_stops_when_it_reads_on(bench: Bench) -> None:
    head = SlowHead()

    async def work() -> None:
        bench.collector.queries = Queries(head, timeout_seconds=0.05)
        answer = await bench.client.get("/api/v1/query", params={"query": "up + up"})
        assert answer.status_code == 503
        assert answer.json()["errorType"] == "timeout"
        assert answer.json()["error"] == "query timed out in expression evaluation"
        head.may_go_on.set()
        await bench.collector.queries.close()

    bench.run(work)
    assert head.selections == 1


def test_a_query_ends_when_its_client_goes_away(bench: Bench) -> None:
    head = SlowHead()

    async def work() -> list[dict[str, Any]]:
        bench.collector.queries = Queries(head, timeout_seconds=20)
        sent: list[dict[str, Any]] = []
        incoming = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop()
            await asyncio.to_thread(head.begun.wait, 20)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/query",
            "query_string": urlencode({"query": "up + up"}).encode(),
            "headers": [],
        }
        await bench.application(scope, receive, send)
        head.may_go_on.set()
        await bench.collector.queries.close()
        return sent

    start, body = bench.run(work)
    assert start["status"] == 499
    assert b'"errorType":"canceled"' in body["body"]
    assert head.selections == 1


def test_a_query_that_is_too_large_says_so(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH, 'load{instance="web-2"} 1')
        bench.collector.queries = Queries(bench.collector.storage, max_samples=3)
        answer = await bench.client.get("/api/v1/query", params={"query": "load + load"})
        assert (answer.status_code, answer.json()["errorType"]) == (422, "execution")
        assert "query processing would load too many samples into memory in query execution" in answer.json()["error"]

    bench.run(work)
