"""What browsers are told about pages of other sites."""

from __future__ import annotations

from tests.unit.collector.conftest import Bench

ORIGIN = {"Origin": "http://elsewhere"}


def test_pages_of_other_sites_may_read_the_api(bench: Bench) -> None:
    async def work() -> None:
        for answer in (
            await bench.client.get("/api/v1/query?query=1", headers=ORIGIN),
            await bench.client.get("/api/v1/query", headers=ORIGIN),
            await bench.client.get("/api/v1/nothing", headers=ORIGIN),
            await bench.client.options("/api/v1/query", headers=ORIGIN),
        ):
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
            assert answer.headers["access-control-allow-headers"] == "Accept, Authorization, Content-Type, Origin"
            assert answer.headers["access-control-expose-headers"] == "Date"
            assert "Origin" in answer.headers["vary"]
        assert answer.status_code == 204
        assert answer.content == b""

    bench.run(work)


def test_what_changes_anything_is_closed_to_them(bench: Bench) -> None:
    async def work() -> None:
        for path in ("/api/v2/silences", "/-/reload", "/metrics", "/"):
            for answer in (
                await bench.client.options(path, headers=ORIGIN),
                await bench.client.get(path, headers=ORIGIN),
            ):
                assert "access-control-allow-origin" not in answer.headers

    bench.run(work)


def test_nobody_else_gets_these_headers(bench: Bench) -> None:
    async def work() -> None:
        assert "access-control-allow-origin" not in (await bench.client.get("/api/v1/query?query=1")).headers

    bench.run(work)
