"""What all routes have in common."""

from __future__ import annotations

import gzip

import httpx
import pytest

from tests.unit.collector.conftest import Bench


def test_an_unknown_path_of_the_api_is_answered_in_json(bench: Bench) -> None:
    async def work() -> None:
        answer = await bench.client.get("/api/v1/nothing")
        assert answer.status_code == 404
        assert answer.json() == {
            "status": "error",
            "errorType": "not_found",
            "error": "GET /api/v1/nothing: Not Found",
        }
        answer = await bench.client.get("/nothing")
        assert (answer.status_code, answer.text) == (404, "Not Found\n")

    bench.run(work)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/v1/rules", {"GET"}),
        ("PUT", "/api/v1/query", {"GET", "POST"}),
        ("HEAD", "/api/v1/query", {"GET", "POST"}),
        ("POST", "/federate", {"GET"}),
    ],
)
def test_a_method_that_a_route_does_not_have_is_refused(
    bench: Bench, method: str, path: str, allowed: set[str]
) -> None:
    async def work() -> httpx.Response:
        return await bench.client.request(method, path)

    answer = bench.run(work)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_large_answers_are_compressed_for_those_who_can_read_that(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(*(f'load{{instance="web-{number}"}} {number}' for number in range(100)))
        path = "/api/v1/query?query=load"
        plain = await bench.client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        async with bench.client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            body = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert len(body) < len(plain.content) / 4
        assert gzip.decompress(body) == plain.content
        small = await bench.client.get("/api/v1/query?query=1", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in small.headers

    bench.run(work)


def test_what_nobody_expected_is_told_as_an_internal_error(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> httpx.Response:
        del bench.collector.engine.group_evaluations
        return await bench.client.get("/api/v1/rules")

    answer = bench.run(work)
    assert (answer.status_code, answer.json()["errorType"]) == (500, "internal")
    assert "group_evaluations" in caplog.text
