"""Server-sent events for many viewers of the same picture.

https://html.spec.whatwg.org/multipage/server-sent-events.html

Everything is computed and written once, whoever many look, and not at all while nobody does. A viewer begins with all
of the picture, then gets what has changed. One who cannot keep up, or was asleep, begins anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson

log = logging.getLogger(__name__)

# So many events may wait for a viewer.
_WAITING_MAX = 8
VIEWERS_MAX = 200
# Sent now and then, so that whoever has gone without a word is noticed, and viewers notice that nobody speaks to them.
_SILENCE_SECONDS = 10
_NOTHING = b": still here\n\n"


class TooManyViewers(Exception):
    """Nobody else can be served."""


class Picture(NamedTuple):
    """All that is shown, as values that JSON has. Of `common` a value is sent whole when it has changed; of `parts`, by
    the name of the part, only the entries that have."""

    at_ms: int
    common: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Any]]


class _Viewer:
    """`events` is what waits to be sent, b"" as the last one. While `is_behind` all must be sent before any change."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_behind = True


class Feed:
    """`look` gives the picture as of now."""

    def __init__(self, look: Callable[[], Awaitable[Picture]]) -> None:
        self._look = look
        self._viewers: set[_Viewer] = set()
        self._shown: Picture | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._is_stale = False
        self._has_ended = False

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def wake(self) -> None:
        """The picture may have changed. To be called by the event loop's thread."""
        self._is_stale = True
        if self._viewers and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while self._is_stale and self._viewers:
            self._is_stale = False
            try:
                picture = await self._look()
            except Exception:
                # What is shown stays as it is, and tells how old it is.
                log.exception("the live picture could not be made")
                return
            before, self._shown = self._shown, picture
            change = None if before is None else _event("change", _difference(before, picture))
            for viewer in self._viewers:
                self._give(viewer, change)

    def _give(self, viewer: _Viewer, change: bytes | None) -> None:
        if viewer.events.qsize() >= _WAITING_MAX:
            viewer.is_behind = True
        elif viewer.is_behind or change is None:
            self._begin(viewer)
        else:
            viewer.events.put_nowait(change)

    def _begin(self, viewer: _Viewer) -> None:
        """All of it, once the viewer has taken what it was given before."""
        if self._shown is not None and viewer.events.empty():
            viewer.is_behind = False
            viewer.events.put_nowait(
                _event("all", {"at": self._shown.at_ms, **self._shown.common, **self._shown.parts})
            )

    async def events(self) -> AsyncGenerator[bytes, None]:
        """For one viewer, until it goes away or `end` is called. Raises TooManyViewers."""
        if len(self._viewers) >= VIEWERS_MAX:
            raise TooManyViewers
        if not self._viewers:
            self._shown = None  # from when somebody looked the last time
        viewer = _Viewer()
        self._viewers.add(viewer)
        try:
            self._begin(viewer)
            self.wake()
            while not self._has_ended:
                try:
                    event = await asyncio.wait_for(viewer.events.get(), _SILENCE_SECONDS)
                except TimeoutError:
                    event = _NOTHING
                if event:
                    yield event
        finally:
            self._viewers.discard(viewer)

    def end(self) -> None:
        """Nobody gets any more events: the service stops."""
        self._has_ended = True
        for viewer in self._viewers:
            viewer.events.put_nowait(b"")

    async def close(self) -> None:
        """Returns when nothing is looked at any more."""
        self.end()
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)


def _difference(before: Picture, after: Picture) -> dict[str, Any]:
    """What has changed; an entry of a part that is no more is null."""
    changed: dict[str, Any] = {"at": after.at_ms}
    changed |= {name: value for name, value in after.common.items() if before.common.get(name) != value}
    for part, entries in after.parts.items():
        known = before.parts.get(part, {})
        changed[part] = {name: entry for name, entry in entries.items() if known.get(name) != entry}
        changed[part] |= dict.fromkeys(known.keys() - entries.keys())
    return changed


def _event(kind: str, data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(data))
