"""A collector without its process: everything real but the clock, the HTTP socket and the evaluation's own pace."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from monitor_collector import config
from monitor_collector.api import application
from monitor_collector.clock import Clock
from monitor_collector.collector import Collector
from monitor_collector.ingest import PATH
from monitor_collector.server import Application

START_MS = 1_700_000_000_000

Result = TypeVar("Result")

DEFAULTS: dict[str, Any] = {
    "targets": {
        "targets": [
            {"instance": "web-1", "interval_seconds": 1, "labels": {"env": "lab"}},
            {"instance": "web-2", "interval_seconds": 1},
        ]
    },
    "thresholds": {"thresholds": {"web-1": {"load": 2}}},
    "receivers": {"receivers": []},
    "rules.d/rules": {
        "groups": [
            {
                "name": "hosts",
                "rules": [
                    {"record": "load:double", "expr": "load * 2"},
                    {
                        "alert": "High",
                        "expr": 'load > on (instance) group_left () monitor_threshold{name="load"}',
                        "for": "2s",
                        "annotations": {"summary": "{{ $labels.instance }} has {{ $value }}"},
                    },
                    {"alert": "HostDown", "expr": "up == 0"},
                ],
            }
        ]
    },
}


class Bench:
    """A collector with a clock that stands until it is moved, and a client that speaks to its HTTP interface."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now_ms = START_MS
        # Time passes by both of the machine's clocks, unless a test sets one.
        self.set_by_ms = 0
        self.clock = Clock(lambda: self.now_ms + self.set_by_ms, lambda: self.now_ms)
        self.collector: Collector
        self.application: Application
        self.client: httpx.AsyncClient
        (directory / "rules.d").mkdir()
        self.write("collector", external_url="http://monitor", data_directory=str(directory / "data"))
        for name, content in DEFAULTS.items():
            self.write(name, **content)

    def write(self, name: str, **content: Any) -> None:
        (self.directory / f"{name}.yml").write_text(yaml.safe_dump(content))

    def run(self, work: Callable[[], Awaitable[Result]], restores: bool = True, is_killed: bool = False) -> Result:
        """Runs some work with a fresh collector on what the one before has left. When killed, nothing is written any
        more after the work."""
        data, as_killed = self.directory / "data", self.directory / "data as killed"

        async def everything() -> Result:
            self.collector = Collector(self.directory, config.load(self.directory), self.clock)
            self.application = Application(self.collector.ingest, application(self.collector))
            transport = httpx.ASGITransport(self.application)
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://collector") as self.client:
                    if restores:
                        await self.collector.restore()
                    result = await work()
                    if is_killed:
                        shutil.copytree(data, as_killed)
                    return result
            finally:
                await self.collector.stop()

        result = asyncio.run(everything())
        if is_killed:
            shutil.rmtree(data)
            as_killed.rename(data)
        return result

    async def push(self, *lines: str) -> None:
        """Samples of this moment, as `name{labels} value`."""
        body = "".join(f"{line} {self.now_ms}\n" for line in lines)
        assert (await self.client.post(PATH, content=body)).status_code == 204

    async def second(self, *lines: str) -> None:
        """A second passes, at whose end these samples arrive and everything is evaluated."""
        self.now_ms += 1000
        if lines:
            await self.push(*lines)
        await self.collector.engine.evaluate(self.now_ms)

    async def data(self, path: str, **parameters: Any) -> Any:
        answer = await self.client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def value(self, query: str) -> list[str]:
        return [series["value"][1] for series in (await self.data("query", query=query))["result"]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
