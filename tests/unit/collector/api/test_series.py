"""What series, labels and metadata there are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.collector.conftest import START_MS, Bench

PUSHED = (
    'load{instance="web-1"} 3',
    'cpu{instance="web-1",mode="idle"} 1',
    'cpu{instance="web-2",mode="user"} 1',
)
NOW = START_MS / 1000


def test_series_are_found_by_any_of_their_selectors(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(*PUSHED)
        selectors = {"match[]": ["cpu", 'load{instance="web-1"}', '{instance="web-1"}']}
        expected = [
            {"__name__": "cpu", "instance": "web-1", "mode": "idle"},
            {"__name__": "cpu", "instance": "web-2", "mode": "user"},
            {"__name__": "load", "instance": "web-1"},
        ]
        assert await bench.data("series", **selectors) == expected
        posted = await bench.client.post("/api/v1/series", data=selectors)
        assert posted.json() == {"status": "success", "data": expected}

    bench.run(work)


def test_label_names_and_values_are_found(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(*PUSHED)
        assert await bench.data("labels") == ["__name__", "instance", "mode"]
        assert await bench.data("labels", **{"match[]": "load"}) == ["__name__", "instance"]
        assert await bench.data("label/mode/values") == ["idle", "user"]
        assert await bench.data("label/instance/values", **{"match[]": "load"}) == ["web-1"]
        assert await bench.data("label/nothing/values") == []

    bench.run(work)


def test_start_and_end_are_both_included(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(*PUSHED)
        assert await bench.data("label/__name__/values", start=NOW, end=NOW) == ["cpu", "load"]
        assert await bench.data("label/__name__/values", start=NOW + 0.001) == []
        assert await bench.data("label/__name__/values", end=NOW - 0.001) == []
        assert await bench.data("label/__name__/values", start=NOW + 1, end=NOW - 1) == []

    bench.run(work)


def test_a_limit_cuts_the_list_and_warns(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(*PUSHED)
        for path in ("series?match[]=cpu&", "labels?", "label/mode/values?"):
            answer = (await bench.client.get(f"/api/v1/{path}limit=1")).json()
            assert len(answer["data"]) == 1
            assert answer["warnings"] == ["results truncated due to limit"]
            assert "warnings" not in (await bench.client.get(f"/api/v1/{path}limit=3")).json()

    bench.run(work)


@pytest.mark.parametrize(
    ("path", "parameters", "reason"),
    [
        ("series", {}, "no match[] parameter provided"),
        ("series", {"match[]": "rate(up[5m])"}, 'invalid parameter "match[]"'),
        ("series", {"match[]": "{"}, 'invalid parameter "match[]"'),
        ("series", {"match[]": "up", "start": "x"}, "cannot parse"),
        ("labels", {"limit": "-1"}, "limit must be non-negative"),
        ("label/a-b/values", {}, 'invalid label name: "a-b"'),
        ("metadata", {"limit": "x"}, "limit must be a number"),
        ("metadata", {"limit_per_metric": "x"}, "limit_per_metric must be a number"),
    ],
)
def test_what_is_wrong_is_told(bench: Bench, path: str, parameters: dict[str, Any], reason: str) -> None:
    async def work() -> None:
        answer = await bench.client.get(f"/api/v1/{path}", params=parameters)
        assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")
        assert reason in answer.json()["error"]

    bench.run(work)


def test_help_and_type_are_metadata(bench: Bench) -> None:
    async def work() -> None:
        body = b"# TYPE a counter\n# HELP a text\na 1\nb 1\n# TYPE c untyped\nc 1\n"
        await bench.client.post("/api/v1/import/prometheus", content=body)
        counter = [{"type": "counter", "help": "text", "unit": ""}]
        assert await bench.data("metadata") == {"a": counter, "c": [{"type": "unknown", "help": "", "unit": ""}]}
        assert await bench.data("metadata", limit=1) == {"a": counter}
        assert await bench.data("metadata", metric="a", limit=-1) == {"a": counter}
        assert await bench.data("metadata", metric="a", limit_per_metric=0) == {"a": []}
        assert await bench.data("metadata", metric="b") == {}

    bench.run(work)
