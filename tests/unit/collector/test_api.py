"""The HTTP API, in Prometheus' shapes."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

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
        assert answer.json() == {
            "status": "success",
            "data": {
                "resultType": "vector",
                "result": [{"metric": {"__name__": "load", "instance": "web-1"}, "value": [LATER, "3"]}],
            },
        }
        form = await bench.client.post("/api/v1/query", data={"query": "load", "time": str(LATER)})
        assert form.json() == answer.json()
        assert (await bench.data("query", query="load", time=LATER - 1))["result"] == []
        assert (await bench.data("query", query="load", time="2023-11-14T22:13:21Z"))["result"] != []

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
def test_every_type_of_result_has_its_shape(bench: Bench, query: str, expected: dict[str, Any]) -> None:
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


RANGE = {"query": "up", "start": 0, "end": 10, "step": 1}


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "reason"),
    [
        ("query", {"query": "up =="}, 400, "bad_data", ""),
        ("query", {}, 400, "bad_data", 'invalid parameter "query"'),
        ("query", {"query": "up", "time": "noon"}, 400, "bad_data", 'cannot parse "noon" to a valid timestamp'),
        ("query", {"query": "up", "time": "2023-11-14T22:13:21"}, 400, "bad_data", "to a valid timestamp"),
        ("query", {"query": "up", "time": "inf"}, 400, "bad_data", "to a valid timestamp"),
        ("query", {"query": "up", "timeout": "x"}, 400, "bad_data", "to a valid duration"),
        ("query", {"query": "load * on (job) load"}, 422, "execution", "many-to-many"),
        ("query_range", {**RANGE, "step": 0}, 400, "bad_data", "zero or negative query resolution"),
        ("query_range", {**RANGE, "step": "x"}, 400, "bad_data", 'invalid parameter "step"'),
        ("query_range", {**RANGE, "end": -1}, 400, "bad_data", "end timestamp must not be before start time"),
        ("query_range", {**RANGE, "start": ""}, 400, "bad_data", 'invalid parameter "start"'),
        ("query_range", {**RANGE, "end": 11_002}, 400, "bad_data", "exceeded maximum resolution of 11,000 points"),
        ("query_range", {**RANGE, "query": '"x"'}, 400, "bad_data", "invalid expression type"),
        ("series", {}, 400, "bad_data", "no match[] parameter provided"),
        ("series", {"match[]": "rate(up[5m])"}, 400, "bad_data", "is no selector of series"),
        ("series", {"match[]": "{"}, 400, "bad_data", ""),
        ("rules", {"type": "x"}, 400, "bad_data", 'not supported value "x"'),
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


def test_a_query_that_takes_too_long_is_answered_at_its_limit_and_stops_when_it_reads_on(bench: Bench) -> None:
    is_over, finished = threading.Event(), threading.Event()

    class SlowHead(Head):
        def select(self, *arguments: Any) -> Any:
            is_over.wait(20)
            found = super().select(*arguments)
            finished.set()
            return found

    async def work() -> None:
        bench.collector.queries = Queries(SlowHead(3600), timeout_seconds=0.05)
        answer = await bench.client.get("/api/v1/query", params={"query": "up + up"})
        assert answer.status_code == 503
        assert answer.json()["errorType"] == "timeout"
        assert not finished.is_set()
        is_over.set()
        await asyncio.to_thread(finished.wait, 20)
        answer = await bench.client.get("/api/v1/query", params={"query": "up", "timeout": "1ms"})
        assert answer.status_code in (200, 503)
        bench.collector.queries.close()

    bench.run(work)


def test_alerts_and_rules_are_told_with_their_states(bench: Bench) -> None:
    async def work() -> None:
        for _ in range(3):
            await bench.second(HIGH, 'load{instance="web-2"} 1')
        assert await bench.data("alerts") == {
            "alerts": [
                {
                    "labels": {"alertname": "High", "instance": "web-1"},
                    "annotations": {"summary": "web-1 has 3"},
                    "state": "firing",
                    "activeAt": "2023-11-14T22:13:21.000Z",
                    "value": "3e+00",
                }
            ]
        }
        (group,) = (await bench.data("rules"))["groups"]
        assert {key: group[key] for key in ("name", "file", "interval", "limit", "lastEvaluation")} == {
            "name": "hosts",
            "file": "rules.yml",
            "interval": 1,
            "limit": 0,
            "lastEvaluation": "2023-11-14T22:13:23.000Z",
        }
        record, high, down = group["rules"]
        assert (record["type"], record["name"], record["query"]) == ("recording", "load:double", "load * 2")
        assert (high["type"], high["state"], high["duration"], high["health"]) == ("alerting", "firing", 2, "ok")
        assert high["annotations"] == {"summary": "{{ $labels.instance }} has {{ $value }}"}
        assert [alert["state"] for alert in high["alerts"]] == ["firing"]
        assert (down["state"], down["alerts"]) == ("inactive", [])
        (only,) = (await bench.data("rules", type="record"))["groups"]
        assert [rule["name"] for rule in only["rules"]] == ["load:double"]

    bench.run(work)


def test_targets_are_up_down_or_unknown(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH)
        found = (await bench.data("targets"))["activeTargets"]
        assert [(one["labels"]["instance"], one["health"]) for one in found] == [("web-1", "up"), ("web-2", "unknown")]
        assert found[0]["lastScrape"] == "2023-11-14T22:13:21.000Z"
        assert found[0]["labels"] == {"instance": "web-1", "job": "host", "env": "lab"}
        for _ in range(3):
            await bench.second()
        found = (await bench.data("targets"))["activeTargets"]
        assert [one["health"] for one in found] == ["down", "down"]

    bench.run(work)


def test_series_labels_and_their_values_are_found(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(HIGH, 'cpu{instance="web-1",mode="idle"} 1', 'cpu{instance="web-2",mode="user"} 1')
        cpu = {"match[]": ["cpu", 'load{instance="web-1"}']}
        assert await bench.data("series", **cpu) == [
            {"__name__": "cpu", "instance": "web-1", "mode": "idle"},
            {"__name__": "cpu", "instance": "web-2", "mode": "user"},
            {"__name__": "load", "instance": "web-1"},
        ]
        assert await bench.data("labels") == ["__name__", "instance", "mode"]
        assert await bench.data("labels", **{"match[]": "load"}) == ["__name__", "instance"]
        assert await bench.data("label/mode/values") == ["idle", "user"]
        assert await bench.data("label/__name__/values", start=START_MS / 1000) == ["cpu", "load"]
        assert await bench.data("label/__name__/values", start=START_MS / 1000 + 1) == []

    bench.run(work)


def test_help_and_type_are_metadata(bench: Bench) -> None:
    async def work() -> None:
        await bench.client.post("/api/v1/import/prometheus", content=b"# TYPE a counter\n# HELP a text\na 1\nb 1\n")
        assert await bench.data("metadata") == {"a": [{"type": "counter", "help": "text", "unit": ""}]}

    bench.run(work)


def test_the_version_is_told(bench: Bench) -> None:
    async def work() -> None:
        assert (await bench.data("status/buildinfo"))["version"] == "0.1.0"

    bench.run(work)


def test_own_figures_are_served(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(HIGH)
        text = (await bench.client.get("/metrics")).text
        assert "\nmonitor_ingest_batches_total 1\n" in text
        assert "\nmonitor_head_series 1\n" in text

    bench.run(work)


def test_before_the_log_was_replayed_the_collector_is_alive_but_not_ready(bench: Bench) -> None:
    async def work() -> list[int]:
        paths = ("/-/healthy", "/-/ready", "/api/v1/query?query=up", "/")
        return [(await bench.client.get(path)).status_code for path in paths]

    assert bench.run(work, restores=False) == [200, 503, 503, 503]
    assert bench.run(work) == [200, 200, 200, 200]


def test_a_reload_takes_up_what_has_changed_or_says_what_is_wrong_and_goes_on(bench: Bench) -> None:
    async def work() -> None:
        bench.write("targets", targets=[{"instance": "web-9", "interval_seconds": "often"}])
        refused = await bench.client.post("/-/reload")
        assert refused.status_code == 400
        assert "web-9: interval_seconds: 'often' must be a number above 0" in refused.text
        assert len((await bench.data("targets"))["activeTargets"]) == 2
        bench.write("targets", targets=[{"instance": "web-9"}])
        assert (await bench.client.post("/-/reload")).status_code == 200
        assert [one["labels"]["instance"] for one in (await bench.data("targets"))["activeTargets"]] == ["web-9"]
        assert (await bench.client.get("/-/reload")).status_code == 405

    bench.run(work)
