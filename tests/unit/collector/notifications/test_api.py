"""Alertmanager's HTTP API, with a collector behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from monitor_collector.notifications.api import NotificationsApi
from monitor_collector.notifications.payload import fingerprint
from tests.unit.collector.conftest import Bench
from tests.unit.collector.notifications.desk import labels

Client = httpx.AsyncClient
NOW = datetime.fromtimestamp(1_700_000_000, UTC)
SILENCE = {
    "matchers": [{"name": "alertname", "value": "Loaded|Down", "isRegex": True, "isEqual": True}],
    "startsAt": NOW.isoformat(),
    "endsAt": (NOW + timedelta(hours=1)).isoformat(),
    "createdBy": "me",
    "comment": "because",
}
RULES = [
    {"alert": "Loaded", "expr": "load > 2", "annotations": {"summary": "busy"}},
    {"alert": "Down", "expr": "gone > 0"},
]
RECEIVERS: dict[str, Any] = {
    "receivers": [{"name": "team", "webhook": {"url": "http://127.0.0.1:9/secret-path"}}],
    "inhibit_rules": [{"source_match": {"alertname": "Down"}, "target_match": {"alertname": "Loaded"}}],
}


@pytest.fixture
def run(bench: Bench) -> Callable[[Callable[[Bench, Client], Awaitable[None]]], None]:
    bench.write("rules.d/rules", groups=[{"name": "g", "rules": RULES}])
    bench.write("receivers", **RECEIVERS)

    def run_with_client(work: Callable[[Bench, Client], Awaitable[None]]) -> None:
        async def everything() -> None:
            api = NotificationsApi(bench.collector.notifications, "http://monitor", lambda: bench.now_ms)
            transport = httpx.ASGITransport(Starlette(routes=api.routes()))
            async with Client(transport=transport, base_url="http://collector") as client:
                await work(bench, client)

        bench.run(everything)

    return run_with_client


async def alerts(client: Client, count: int, **parameters: str) -> list[dict[str, Any]]:
    """What is answered as soon as there are so many."""
    for _ in range(1000):
        answer = await client.get("/api/v2/alerts", params=parameters)
        assert answer.status_code == 200, answer.text
        if len(answer.json()) == count:
            return answer.json()
        await asyncio.sleep(0.005)
    raise AssertionError(answer.text)


def test_a_silence_is_set_found_and_ended(run: Callable) -> None:
    async def work(bench: Bench, client: Client) -> None:
        number = (await client.post("/api/v2/silences", json=SILENCE)).json()["silenceID"]
        (found,) = (await client.get("/api/v2/silences")).json()
        assert found == (await client.get(f"/api/v2/silence/{number}")).json()
        assert found == {
            **SILENCE,
            "id": number,
            "status": {"state": "active"},
            "startsAt": "2023-11-14T22:13:20.000Z",
            "endsAt": "2023-11-14T23:13:20.000Z",
            "updatedAt": "2023-11-14T22:13:20.000Z",
        }
        bench.now_ms += 1000
        assert (await client.delete(f"/api/v2/silence/{number}")).status_code == 200
        (found,) = (await client.get("/api/v2/silences")).json()
        assert (found["status"]["state"], found["endsAt"]) == ("expired", "2023-11-14T22:13:21.000Z")

    run(work)


def test_silences_are_sorted_as_alertmanager_does_and_can_be_filtered(run: Callable) -> None:
    async def work(bench: Bench, client: Client) -> None:
        async def post(comment: str, first: int, last: int, name: str = "alertname") -> str:
            times = {
                key: (NOW + timedelta(minutes=m)).isoformat() for key, m in (("startsAt", first), ("endsAt", last))
            }
            matchers = [{"name": name, "value": "High", "isRegex": False}]
            silence = {**SILENCE, **times, "comment": comment, "matchers": matchers}
            return (await client.post("/api/v2/silences", json=silence)).json()["silenceID"]

        await post("pending later", 20, 30)
        await post("pending sooner", 10, 30)
        await post("active longer", 0, 60)
        await post("active shorter", 0, 50, name="instance")
        await client.delete(f"/api/v2/silence/{await post('ended', 0, 90)}")

        async def comments(**parameters: str) -> list[str]:
            return [one["comment"] for one in (await client.get("/api/v2/silences", params=parameters)).json()]

        expected = ["active shorter", "active longer", "pending sooner", "pending later", "ended"]
        assert await comments() == expected
        assert await comments(filter='instance="High"') == ["active shorter"]
        assert (await client.get("/api/v2/silences", params={"filter": "x"})).status_code == 400

    run(work)


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"matchers": []}, 400, "at least one matcher"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, "the matcher of a"),
        ({"matchers": [{"name": "a"}]}, 400, "a name and a value"),
        ({"matchers": ["a=b"]}, 400, "a matcher is an object"),
        ({"matchers": [{"name": "a", "value": "b", "isEqual": "x"}]}, 400, "must be true or false"),
        ({"startsAt": "soon"}, 400, "startsAt must be a time"),
        ({"endsAt": "2026-01-01T00:00:00"}, 400, "endsAt must be a time"),
        ({"endsAt": None}, 400, "endsAt must be a time"),
        ({"endsAt": "2001-01-01T00:00:00Z"}, 400, "the start must be before the end"),
        ({"comment": ""}, 400, "comment"),
        ({"createdBy": 5}, 400, "createdBy must be a text"),
        ({"id": "x"}, 404, "there is no silence x"),
        ({"comment": "x" * 300_000}, 413, "bytes"),
    ],
)
def test_a_silence_that_is_wrong_is_refused_with_the_reason(
    run: Callable, changes: dict[str, Any], status: int, reason: str
) -> None:
    async def work(_: Bench, client: Client) -> None:
        answer = await client.post("/api/v2/silences", json={**SILENCE, **changes})
        assert (answer.status_code, reason in answer.json()) == (status, True), answer.text
        assert (await client.get("/api/v2/silences")).json() == []

    run(work)


def test_a_form_of_another_site_cannot_silence_anything(run: Callable) -> None:
    async def work(_: Bench, client: Client) -> None:
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            answer = await client.post("/api/v2/silences", content=b"{}", headers={"Content-Type": kind})
            assert answer.status_code == 415
        answer = await client.post("/api/v2/silences", content=b"{", headers={"Content-Type": "application/json"})
        assert answer.status_code == 400

    run(work)


def test_what_does_not_exist_is_not_found(run: Callable) -> None:
    async def work(_: Bench, client: Client) -> None:
        assert (await client.get("/api/v2/silence/x")).status_code == 404
        assert (await client.delete("/api/v2/silence/x")).status_code == 404

    run(work)


def test_alerts_are_told_with_what_suppresses_them(run: Callable) -> None:
    async def work(bench: Bench, client: Client) -> None:
        await bench.second('load{instance="web-1"} 3')
        (alert,) = await alerts(client, 1)
        assert alert["labels"] == {"alertname": "Loaded", "instance": "web-1"}
        assert alert["annotations"] == {"summary": "busy"}
        assert alert["receivers"] == [{"name": "team"}]
        assert alert["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
        assert alert["fingerprint"] == fingerprint(labels("Loaded"))
        assert alert["generatorURL"] == "http://monitor/api/v1/query?query=load%20%3E%202"

        await bench.second('load{instance="web-1"} 3', 'gone{instance="web-2"} 1')
        both = {alert["labels"]["alertname"]: alert for alert in await alerts(client, 2)}
        assert both["Loaded"]["status"]["state"] == "suppressed"
        assert both["Loaded"]["status"]["inhibitedBy"] == [fingerprint(labels("Down", "web-2"))]
        await alerts(client, 1, inhibited="false")
        await alerts(client, 1, active="false")

        number = (await client.post("/api/v2/silences", json=SILENCE)).json()["silenceID"]
        await alerts(client, 0, silenced="false")
        assert [one["status"]["silencedBy"] for one in await alerts(client, 2)] == [[number]] * 2
        assert len(bench.collector.notifications.suppressions()) == 2
        await alerts(client, 1, filter='alertname="Down"')
        await alerts(client, 2, receiver="te.m")
        await alerts(client, 0, receiver="boss")
        for wrong in ({"active": "maybe"}, {"receiver": "("}, {"filter": "="}):
            assert (await client.get("/api/v2/alerts", params=wrong)).status_code == 400

    run(work)


def test_figures_tell_of_silences_suppressed_alerts_and_what_waits(run: Callable, bench: Bench) -> None:
    async def work(bench: Bench, client: Client) -> None:
        await bench.second('load{instance="web-1"} 3', 'gone{instance="web-2"} 1')
        await alerts(client, 2)
        bench.now_ms += 5000
        page = (await bench.client.get("/metrics")).text
        waiting = 'integration="webhook",receiver="team"'
        for line in (
            'monitor_alerts_suppressed{reason="inhibition"} 1',
            'monitor_alerts_suppressed{reason="silence"} 0',
            'monitor_silences{state="active"} 0',
            f"monitor_notifications_outbox{{{waiting}}} 1",
            f"monitor_notifications_outbox_oldest_seconds{{{waiting}}} 5",
        ):
            assert f"\n{line}\n" in page

    run(work)


def test_receivers_and_status_show_no_address(run: Callable) -> None:
    async def work(_: Bench, client: Client) -> None:
        assert (await client.get("/api/v2/receivers")).json() == [{"name": "team"}]
        status = await client.get("/api/v2/status")
        assert status.json()["cluster"] == {"status": "disabled", "peers": []}
        assert "secret-path" not in status.text

    run(work)
