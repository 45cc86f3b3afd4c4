"""What viewers of the live picture get, and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from monitor_collector.dashboard import feed as feed_module
from monitor_collector.dashboard.feed import Feed, Picture, TooManyViewers


class Scene:
    """A picture that tests change, and how often somebody has looked at it."""

    def __init__(self) -> None:
        self.looks = 0
        self.at_ms = 0
        self.common: dict[str, Any] = {"version": "1"}
        self.hosts: dict[str, Any] = {"web-1": {"cpu": 1}, "web-2": {"cpu": 1}}
        self.error: Exception | None = None

    async def look(self) -> Picture:
        self.looks += 1
        self.at_ms += 1000
        if self.error:
            raise self.error
        return Picture(self.at_ms, dict(self.common), {"hosts": dict(self.hosts)})


async def next_of(events: AsyncGenerator[bytes, None]) -> tuple[str, Any]:
    async with asyncio.timeout(5):
        text = (await anext(events)).decode()
    kind, data = text.removesuffix("\n\n").split("\n")
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def run(work: Callable[[Scene, Feed], Awaitable[None]]) -> None:
    async def everything() -> None:
        scene = Scene()
        feed = Feed(scene.look)
        try:
            await work(scene, feed)
        finally:
            await feed.close()

    asyncio.run(everything())


def test_a_viewer_gets_everything_and_then_what_has_changed() -> None:
    async def work(scene: Scene, feed: Feed) -> None:
        events = feed.events()
        everything = {"at": 1000, "version": "1", "hosts": {"web-1": {"cpu": 1}, "web-2": {"cpu": 1}}}
        assert await next_of(events) == ("all", everything)
        scene.hosts = {"web-1": {"cpu": 2}, "web-3": {"cpu": 1}}
        feed.wake()
        changed = {"web-1": {"cpu": 2}, "web-2": None, "web-3": {"cpu": 1}}
        assert await next_of(events) == ("change", {"at": 2000, "hosts": changed})
        scene.common["version"] = "2"
        feed.wake()
        assert await next_of(events) == ("change", {"at": 3000, "version": "2", "hosts": {}})

    run(work)


def test_nobody_looks_while_there_is_no_viewer() -> None:
    async def work(scene: Scene, feed: Feed) -> None:
        feed.wake()
        await asyncio.sleep(0)
        assert scene.looks == 0
        events = feed.events()
        await next_of(events)
        await events.aclose()
        assert feed.viewers == 0
        feed.wake()
        await asyncio.sleep(0)
        assert scene.looks == 1

    run(work)


def test_it_is_looked_once_for_all_viewers() -> None:
    async def work(scene: Scene, feed: Feed) -> None:
        viewers = [feed.events() for _ in range(20)]
        for events in viewers:
            assert (await next_of(events))[0] == "all"
        looks = scene.looks
        scene.hosts["web-1"] = {"cpu": 3}
        feed.wake()
        for events in viewers:
            assert (await next_of(events))[0] == "change"
        assert scene.looks == looks + 1

    run(work)


def test_who_comes_back_after_nobody_looked_gets_what_is_so_now() -> None:
    async def work(scene: Scene, feed: Feed) -> None:
        events = feed.events()
        await next_of(events)
        await events.aclose()
        scene.hosts = {"web-9": {}}
        assert (await next_of(feed.events()))[1]["hosts"] == {"web-9": {}}

    run(work)


def test_a_viewer_that_was_asleep_gets_everything_again() -> None:
    async def work(scene: Scene, feed: Feed) -> None:
        events = feed.events()
        await next_of(events)
        for number in range(30):
            scene.hosts["web-1"] = {"cpu": number}
            looks = scene.looks
            feed.wake()
            while scene.looks == looks:
                await asyncio.sleep(0)
        kinds = []
        # What waited for it, then all of it as soon as it has taken that.
        while "all" not in kinds:
            feed.wake()
            kind, data = await next_of(events)
            kinds.append(kind)
        assert len(kinds) <= feed_module._WAITING_MAX + 1
        assert data["hosts"]["web-1"] == {"cpu": 29}

    run(work)


def test_a_picture_that_cannot_be_made_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def work(scene: Scene, feed: Feed) -> None:
        scene.error = ValueError("oops")
        events = feed.events()
        first = asyncio.ensure_future(next_of(events))
        while not scene.looks:
            await asyncio.sleep(0)
        scene.error = None
        while not first.done():
            feed.wake()
            await asyncio.sleep(0)
        assert first.result()[0] == "all"

    run(work)
    assert "the live picture could not be made" in caplog.text


def test_there_is_a_limit_of_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "VIEWERS_MAX", 1)

    async def work(scene: Scene, feed: Feed) -> None:
        one = feed.events()
        await next_of(one)
        with pytest.raises(TooManyViewers):
            await next_of(feed.events())
        await one.aclose()
        assert (await next_of(feed.events()))[0] == "all"

    run(work)


def test_a_quiet_feed_says_that_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_SILENCE_SECONDS", 0.01)

    async def work(scene: Scene, feed: Feed) -> None:
        events = feed.events()
        await next_of(events)
        assert await anext(events) == b": still here\n\n"

    run(work)


def test_all_viewers_are_let_go_at_the_end() -> None:
    async def work(scene: Scene, feed: Feed) -> None:
        events = feed.events()
        await next_of(events)
        feed.end()
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        with pytest.raises(StopAsyncIteration):
            await anext(feed.events())

    run(work)
