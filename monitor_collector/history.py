"""The history on disk: a directory of immutable blocks, which are added, merged into larger ones, and deleted.

The promise: whatever moment the machine stops at, the directory holds each block whole or not at all, and a merge has
either happened or not. A block is named after the first and the last cut of the head that it holds,
`0000000007-0000000018.block`; one whose cuts are all in another block is left from a merge that was interrupted.

Blocks may overlap in time, since hosts send what they could not send before; reading puts that in order, and of two
values for one series and moment the one that was stored first counts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from monitor_collector.blocks import Block, BlockDamaged, merge_blocks, select_all, write_block
from monitor_collector.frame import FrameRows
from monitor_collector.promql import Labels, Matcher, Series
from monitor_collector.reserve import room

log = logging.getLogger(__name__)

# Blocks of the same one of these spans are merged when it is over.
MERGED_SPANS_MS = (2 * 3600 * 1000, 24 * 3600 * 1000)
# So long after a span's end, since the head keeps samples for a while before they are cut.
_MERGE_DELAY_MS = 3600 * 1000
_DAMAGED_ADVICE = (
    "to go on without it, and without the samples in it: "
    "monitor-collector storage check --set-aside --data-directory {directory}"
)


class HistoryDamaged(Exception):
    """Blocks that cannot be used; the text says which, and how to go on without them."""


class History:
    """Raises OSError if the directory cannot be used, HistoryDamaged if a block in it is.

    One thread at a time adds, merges or deletes; any number may select meanwhile.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        for leftover in directory.glob("*.tmp"):
            leftover.unlink()
        self.blocks = _without_superseded(_open_all(directory))
        self._retired: list[Block] = []
        self._damaged: set[Block] = set()

    @property
    def stored_through(self) -> int:
        """The number of the last segment of the log whose samples are all here."""
        return max((block.meta["wal"] for block in self.blocks), default=0)

    @property
    def newest_ms(self) -> int:
        """The newest time of any sample, -1 if there is none."""
        return max((block.newest_ms for block in self.blocks), default=-1)

    @property
    def size_bytes(self) -> int:
        return sum(block.size_bytes for block in self.blocks)

    @property
    def sample_count(self) -> int:
        return sum(block.sample_count for block in self.blocks)

    def add(self, frames: Iterable[FrameRows], segment: int) -> None:
        """Writes a block; `segment` is the last of the log whose samples are in it. Raises OSError."""
        cut = self._last_cut + 1
        block = write_block(self._path(cut, cut), frames, {"first": cut, "last": cut, "wal": segment})
        self.blocks = (*self.blocks, block)

    @property
    def _last_cut(self) -> int:
        return self.blocks[-1].meta["last"] if self.blocks else 0

    def _path(self, first: int, last: int) -> Path:
        return self._directory / f"{first:010d}-{last:010d}.block"

    def labels(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> set[Labels]:
        """Of the series that all matchers match and that may have samples with start_ms < t <= end_ms: some series of
        their host has one in the same block. Reads no samples. Raises BlockDamaged."""
        # Most blocks have the same hosts with the same series, whose lists are the identical ones.
        lists: dict[int, list[Labels]] = {}
        for block in self._overlapping(start_ms, end_ms):
            lists.update((id(labels), labels) for labels in block.labels_between(matchers, start_ms, end_ms))
        return set().union(*lists.values())

    def frames(self, since_ms: int) -> Iterator[FrameRows]:
        """All samples with t > since_ms, those that were stored first first. Raises BlockDamaged."""
        for block in self.blocks:
            yield from block.frames(since_ms)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """The samples with start_ms < t <= end_ms, as `Head.select`. Raises BlockDamaged."""
        overlapping = self._overlapping(start_ms, end_ms)
        return select_all(overlapping, matchers, start_ms, end_ms) if overlapping else []

    def _overlapping(self, start_ms: int, end_ms: int) -> list[Block]:
        return [block for block in self.blocks if block.oldest_ms <= end_ms and block.newest_ms > start_ms]

    def merge(self, now_ms: int) -> None:
        """Merges what belongs together since its span of time is over, where there is room for it. Raises OSError."""
        for span_ms in MERGED_SPANS_MS:
            for group in _mergeable(self.blocks, span_ms, now_ms):
                size_bytes = sum(block.size_bytes for block in group)
                if self._damaged.isdisjoint(group) and room(self._directory).free_bytes > 2 * size_bytes:
                    self._merge(group)

    def _merge(self, group: Sequence[Block]) -> None:
        meta = {
            "first": group[0].meta["first"],
            "last": group[-1].meta["last"],
            "wal": max(block.meta["wal"] for block in group),
        }
        try:
            merged = merge_blocks(self._path(meta["first"], meta["last"]), group, meta)
        except BlockDamaged as error:
            advice = _DAMAGED_ADVICE.format(directory=self._directory.parent)
            log.error("%s: it is not merged with others; %s", error, advice)
            self._damaged.update(block for block in group if block.path == error.path)
            return
        start = self.blocks.index(group[0])
        self.blocks = (*self.blocks[:start], merged, *self.blocks[start + len(group) :])
        self._retire(group)

    def retain(self, oldest_ms: int, size_bytes: int | None) -> None:
        """Deletes the blocks whose samples are all older, and the oldest as long as all take more than `size_bytes`.

        The last block always stays: it says how far the log is stored, and gives the next one its number.
        """
        for block in self.blocks[:-1]:
            if block.newest_ms < oldest_ms:
                self._delete(block, "it is older than the retention")
        while size_bytes is not None and self.size_bytes > size_bytes and len(self.blocks) > 1:
            self._delete(min(self.blocks[:-1], key=lambda block: block.newest_ms), "the history is at its limit")

    def _delete(self, block: Block, reason: str) -> None:
        self.blocks = tuple(other for other in self.blocks if other is not block)
        self._retire([block])
        log.info("deleted %s, %d samples up to %d ms: %s", block.path.name, block.sample_count, block.newest_ms, reason)

    def _retire(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            block.path.unlink()
            self._retired.append(block)

    def close_retired(self) -> None:
        """Closes the blocks that were deleted. To be called when no selection from before can still be reading."""
        retired, self._retired = self._retired, []
        for block in retired:
            block.close()

    def close(self) -> None:
        self.close_retired()
        for block in self.blocks:
            block.close()


def _open_all(directory: Path) -> list[Block]:
    blocks, troubles = [], []
    for path in sorted(directory.glob("*.block")):
        try:
            blocks.append(Block.open(path))
        except BlockDamaged as error:
            troubles.append(str(error))
    if troubles:
        for block in blocks:
            block.close()
        raise HistoryDamaged("\n".join([*troubles, _DAMAGED_ADVICE.format(directory=directory.parent)]))
    return blocks


def _without_superseded(blocks: list[Block]) -> tuple[Block, ...]:
    """Deletes the blocks of which another holds every cut."""
    kept: list[Block] = []
    for block in sorted(blocks, key=lambda block: (block.meta["first"], -block.meta["last"])):
        if kept and block.meta["last"] <= kept[-1].meta["last"]:
            block.path.unlink()
            block.close()
        else:
            kept.append(block)
    return tuple(kept)


def _mergeable(blocks: Sequence[Block], span_ms: int, now_ms: int) -> list[list[Block]]:
    """Blocks in a row, two and more, whose newest samples are of the same span, which is over."""
    groups = groupby(blocks, key=lambda block: block.newest_ms // span_ms)
    found = [(number, list(group)) for number, group in groups]
    return [group for number, group in found if len(group) > 1 and (number + 1) * span_ms + _MERGE_DELAY_MS <= now_ms]
