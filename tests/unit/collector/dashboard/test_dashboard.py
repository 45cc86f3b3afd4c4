"""The page's files, and the live picture of a collector."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from monitor_collector.dashboard.columns import DEFAULT_COLUMNS
from monitor_collector.dashboard.routes import MEDIA_TYPES, read_files
from tests.unit.collector.conftest import Bench

# Everything together, before compression.
SIZE_MAX_BYTES = 200_000


async def picture(bench: Bench) -> dict[str, Any]:
    """All of it, as the first event has it."""
    events = bench.collector.live.events()
    async with asyncio.timeout(5):
        event = (await anext(events)).decode()
    await events.aclose()
    assert event.startswith("event: all\n")
    return json.loads(event.partition("data: ")[2])


def value(found: dict[str, Any], host: str, title: str) -> Any:
    position = [column["title"] for column in found["columns"]].index(title)
    return found["hosts"][host]["values"][position]


def test_the_page_and_all_that_it_names_are_served(bench: Bench) -> None:
    async def work() -> None:
        page = await bench.client.get("/")
        assert page.status_code == 200
        for address in re.findall(r'(?:src|href)="(static/[^"]+)"', page.text):
            assert (await bench.client.get(f"/{address}")).status_code == 200
        for name in read_files():
            answer = await bench.client.get(f"/static/{name}")
            assert answer.headers["content-type"].startswith(MEDIA_TYPES[name[name.rindex(".") :]])
            for imported in re.findall(r'^import .* from "\./([^"]+)";$', answer.text, re.MULTILINE):
                assert imported in read_files()

    bench.run(work)


def test_the_page_is_small_and_loads_nothing_from_elsewhere() -> None:
    files = read_files()
    assert sum(map(len, files.values())) < SIZE_MAX_BYTES
    for name, content in files.items():
        addresses = set(re.findall(rb"https?://[a-z0-9./]+", content)) - {b"http://www.w3.org/2000/svg"}
        assert not addresses, name


def test_a_file_that_has_not_changed_is_not_sent_again(bench: Bench) -> None:
    async def work() -> None:
        first = await bench.client.get("/static/main.js")
        again = await bench.client.get("/static/main.js", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    bench.run(work)


@pytest.mark.parametrize("path", ["/static/nothing.js", "/static/..%2fcolumns.py", "/static/__init__.py"])
def test_nothing_else_is_served(bench: Bench, path: str) -> None:
    async def work() -> int:
        return (await bench.client.get(path)).status_code

    assert bench.run(work) == 404


def test_scripts_come_from_here_alone(bench: Bench) -> None:
    async def work() -> str:
        return (await bench.client.get("/")).headers["content-security-policy"]

    policy = dict(part.strip().split(" ", 1) for part in bench.run(work).split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"


def test_hosts_have_their_state_their_figures_and_their_alarms(bench: Bench) -> None:
    bench.write("dashboard", columns=[{"title": "Load", "query": "load", "unit": "number"}])

    async def work() -> dict[str, Any]:
        for _ in range(4):
            await bench.second('load{instance="web-1"} 3.14159')
        return await picture(bench)

    found = bench.run(work)
    assert found["hosts"]["web-1"]["state"] == "up"
    assert found["hosts"]["web-1"]["heard"] == bench.now_ms
    assert value(found, "web-1", "Load") == 3.142
    assert (found["hosts"]["web-1"]["firing"], found["hosts"]["web-2"]["firing"]) == (1, 1)
    assert found["targets"]["web-1"] == {"interval": 1, "groups": [], "labels": {"env": "lab"}}
    alarms = {(one["labels"]["alertname"], one["labels"]["instance"]): one for one in found["alarms"].values()}
    assert alarms.keys() == {("High", "web-1"), ("HostDown", "web-2")}
    assert alarms["High", "web-1"]["annotations"] == {"summary": "web-1 has 3.14159"}
    assert alarms["High", "web-1"]["query"].startswith("load >")


def test_a_silent_host_has_no_figures_and_one_never_seen_says_so(bench: Bench) -> None:
    bench.write("dashboard", columns=[{"title": "Load", "query": "load"}])

    async def work() -> dict[str, Any]:
        await bench.second('load{instance="web-1"} 3')
        for _ in range(5):
            await bench.second()
        return await picture(bench)

    found = bench.run(work)
    assert found["hosts"]["web-1"]["state"] == "silent"
    assert value(found, "web-1", "Load") is None
    assert (found["hosts"]["web-2"]["state"], found["hosts"]["web-2"]["heard"]) == ("never", None)


def test_right_after_a_start_hosts_are_waited_for(bench: Bench) -> None:
    async def work() -> dict[str, Any]:
        await bench.second()
        return await picture(bench)

    assert {host["state"] for host in bench.run(work)["hosts"].values()} == {"waiting"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum(", "unclosed left parenthesis"),
        ("1 + 1", "gives a scalar; a column needs a value for each instance"),
        ("sum(load)", r"has no label instance in its result, .*; where it sums or counts, write by \(instance\)"),
        ("load * on (job) load", "many-to-many|multiple matches"),
    ],
)
def test_a_wrong_column_says_so_and_leaves_the_others(bench: Bench, query: str, said: str) -> None:
    columns = [{"title": "Wrong", "query": query}, {"title": "Load", "query": "load"}]
    bench.write("dashboard", columns=columns)

    async def work() -> dict[str, Any]:
        await bench.second('load{instance="web-1",job="x"} 3', 'load{instance="web-2",job="x"} 3')
        return await picture(bench)

    found = bench.run(work)
    errors = {column["title"]: column["error"] for column in found["columns"]}
    assert re.search(said, errors.pop("Wrong"))
    assert set(errors.values()) == {None}
    assert value(found, "web-1", "Load") == 3


def test_a_silenced_alarm_says_so(bench: Bench) -> None:
    async def work() -> dict[str, Any]:
        matcher = {"name": "alertname", "value": "HostDown", "isRegex": False, "isEqual": True}
        silence = {
            "matchers": [matcher],
            "startsAt": "2023-11-14T00:00:00Z",
            "endsAt": "2023-11-15T00:00:00Z",
            "createdBy": "me",
            "comment": "x",
        }
        answer = await bench.client.post("/api/v2/silences", json=silence)
        assert answer.status_code == 200, answer.text
        for _ in range(4):
            await bench.second('load{instance="web-1"} 1')
        bench.collector.notifications.evaluated()
        while not bench.collector.notifications.suppressions():
            bench.collector.notifications.wake()
            await asyncio.sleep(0.01)
        return await picture(bench)

    (alarm,) = bench.run(work)["alarms"].values()
    assert (alarm["labels"]["alertname"], len(alarm["silencedBy"])) == ("HostDown", 1)


def test_a_reload_brings_other_hosts_and_columns(bench: Bench) -> None:
    async def work() -> None:
        await bench.second()
        before = await picture(bench)
        assert [column["title"] for column in before["columns"]] == [column.title for column in DEFAULT_COLUMNS]
        bench.write("targets", targets=[{"instance": "web-3", "groups": ["early"]}])
        bench.write("dashboard", columns=[{"title": "Load", "query": "load"}])
        await bench.collector.reload()
        after = await picture(bench)
        assert after["targets"]["web-3"]["groups"] == ["early"]
        assert after["hosts"].keys() == {"web-3"}
        assert after["columns"][-1]["title"] == "Load"

    bench.run(work)


def test_the_feed_is_a_stream_of_events(bench: Bench) -> None:
    async def work() -> None:
        await bench.second()
        received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        scope = {"type": "http", "method": "GET", "path": "/api/v1/live", "headers": [], "query_string": b""}
        serving = asyncio.create_task(bench.application(scope, receive, received.put))
        async with asyncio.timeout(5):
            start = await received.get()
            first = await received.get()
            assert (start["status"], dict(start["headers"])[b"content-type"]) == (
                200,
                b"text/event-stream; charset=utf-8",
            )
            assert first["body"].startswith(b"event: all\ndata: ")
            await bench.second('load{instance="web-1"} 1')
            bench.collector.live.wake()
            assert (await received.get())["body"].startswith(b"event: change\n")
            assert bench.collector.live.viewers == 1
            gone.set()
            await serving
            assert bench.collector.live.viewers == 0

    bench.run(work)
