"""Who is let in."""

from __future__ import annotations

import hashlib

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.api.access import is_known
from tests.unit.collector.conftest import Bench

TOKEN = "s3cret: wörd"
CREDENTIALS = {hashlib.sha256(TOKEN.encode()).hexdigest(): "grafana"}


@pytest.fixture
def closed(bench: Bench) -> Bench:
    credentials = bench.directory / "api-credentials.yml"
    bench.write("api-credentials", grafana=hashlib.sha256(b"token").hexdigest())
    bench.write(
        "collector",
        external_url="http://monitor",
        data_directory=str(bench.directory / "data"),
        api_credentials_file=str(credentials),
    )
    return bench


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/federate", "/api/v1/query?query=1", "/api/v1/openapi.json", "/api/v2/silences", "/none"]
)
def test_without_a_token_nothing_is_told(closed: Bench, path: str) -> None:
    async def work() -> None:
        answer = await closed.client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")

    closed.run(work)


@pytest.mark.parametrize(("method", "path"), [("POST", "/-/reload"), ("POST", "/api/v2/silences")])
def test_without_a_token_nothing_is_changed(closed: Bench, method: str, path: str) -> None:
    async def work() -> None:
        assert (await closed.client.request(method, path)).status_code == 401

    closed.run(work)


def test_health_pushes_and_a_browser_s_question_for_methods_need_no_token(closed: Bench) -> None:
    async def work() -> None:
        assert (await closed.client.get("/-/healthy")).status_code == 200
        assert (await closed.client.get("/-/ready")).status_code == 200
        assert (await closed.client.options("/api/v1/query")).status_code == 204
        await closed.push('load{instance="web-1"} 1')

    closed.run(work)


def test_a_token_opens_everything(closed: Bench) -> None:
    async def work() -> None:
        for request in (
            {"headers": {"Authorization": "Bearer token"}},
            {"headers": {"Authorization": "bearer  token"}},
            {"auth": httpx.BasicAuth("grafana", "token")},
        ):
            for path in ("/api/v1/query?query=1", "/", "/metrics", "/api/v2/silences"):
                assert (await closed.client.get(path, **request)).status_code == 200
        for request in (
            {"headers": {"Authorization": "Bearer grafana"}},
            {"headers": {"Authorization": "Digest token"}},
            {"auth": httpx.BasicAuth("somebody", "token")},
            {"auth": httpx.BasicAuth("grafana", "")},
        ):
            assert (await closed.client.get("/metrics", **request)).status_code == 401

    closed.run(work)


def test_a_token_that_is_taken_away_is_refused_after_a_reload(closed: Bench) -> None:
    async def work() -> None:
        token = {"Authorization": "Bearer token"}
        closed.write("api-credentials", grafana=hashlib.sha256(b"another").hexdigest())
        assert (await closed.client.post("/-/reload", headers=token)).status_code == 200
        assert (await closed.client.get("/metrics", headers=token)).status_code == 401
        assert (await closed.client.get("/metrics", headers={"Authorization": "Bearer another"})).status_code == 200

    closed.run(work)


def test_a_password_may_have_any_characters() -> None:
    header = httpx.BasicAuth("grafana", TOKEN)._auth_header
    assert is_known(header, CREDENTIALS)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["Basic ", "Bearer ", "basic", ""]), st.text(st.characters(max_codepoint=255), max_size=40))
def test_no_header_breaks_in(scheme: str, rest: str) -> None:
    assert not is_known(scheme + rest, CREDENTIALS)
