"""Frames for the tests of blocks, and what a block should answer, computed the slow way."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from hypothesis import strategies as st

from monitor_collector.frame import MISSING, MISSING_BITS, FrameRows
from monitor_collector.promql import STALE_MARKER, Labels, Matcher, Series, all_match
from monitor_collector.samples import metric

A = metric("a", instance="web-1", path='/with "quotes"\n')
B = metric("b", instance="wéb-1")
C = metric("c", instance="web-2")
ALL = (Matcher("__name__", "!=", ""),)
START, END = -(2**60), 2**60

# Times of each series with the bits of its values.
Samples = dict[Labels, list[tuple[int, bytes]]]


def frame(name: str, times: Sequence[int], columns: dict[Labels, Sequence[float]]) -> FrameRows:
    values = np.array(list(columns.values()), dtype=np.float64).reshape(len(columns), len(times))
    return FrameRows(name, tuple(columns), np.array(times, np.int64), values)


def samples_in(frames: Iterable[FrameRows]) -> Samples:
    """Those with the same series and moment only once: the first counts."""
    found: dict[Labels, dict[int, bytes]] = {}
    for one in frames:
        for labels, values in zip(one.series, one.values, strict=True):
            for at, value in zip(one.timestamps.tolist(), values, strict=True):
                if value.view(np.uint64) != MISSING_BITS:
                    found.setdefault(labels, {}).setdefault(at, value.tobytes())
    return {labels: sorted(pairs.items()) for labels, pairs in found.items()}


def chosen(samples: Samples, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
    """What `select` should find among them."""
    found = {
        labels: [(at, value) for at, value in pairs if start_ms < at <= end_ms]
        for labels, pairs in samples.items()
        if all_match(matchers, labels)
    }
    return {labels: pairs for labels, pairs in found.items() if pairs}


def samples_of(selected: Iterable[Series]) -> Samples:
    found: Samples = {}
    for one in selected:
        assert one.labels not in found
        assert (one.timestamps.dtype, one.values.dtype) == (np.int64, np.float64)
        found[one.labels] = [
            (at, value.tobytes()) for at, value in zip(one.timestamps.tolist(), one.values, strict=True)
        ]
    return found


def _float_of(bits: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


# All bits that a float64 can have, and those that hosts send.
numbers = st.one_of(
    st.integers(0, 2**64 - 1).map(_float_of),
    st.floats(width=64),
    st.integers(-(2**54), 2**54).map(float),
    st.integers(-(10**6), 10**6).map(lambda number: number / 1000),
    st.sampled_from([MISSING, MISSING, STALE_MARKER, 0.0, -0.0, 0.1, float("inf"), float("nan")]),
)
label_sets = st.dictionaries(
    st.sampled_from(["__name__", "instance", "device", "mode", "ä"]), st.text(min_size=1, max_size=3), max_size=4
).map(lambda labels: tuple(sorted(labels.items())))


def columns_of(rows: int) -> st.SearchStrategy[list[float]]:
    """Random ones, constant ones, and decimals with as many places each."""
    decimals = st.lists(st.integers(-(10**9), 10**9), min_size=rows, max_size=rows)
    return st.one_of(
        st.lists(numbers, min_size=rows, max_size=rows),
        numbers.map(lambda number: [number] * rows),
        st.tuples(decimals, st.integers(0, 9)).map(lambda pair: [number / 10 ** pair[1] for number in pair[0]]),
    )


@st.composite
def frames(
    draw: st.DrawFn, name: str = "host", series: st.SearchStrategy[Labels] = label_sets, rows: int = 20
) -> FrameRows:
    """Of up to so many rows and five series."""
    times = sorted(draw(st.sets(st.integers(-100, 100), min_size=1, max_size=rows)))
    labels = draw(st.lists(series, min_size=1, max_size=5, unique=True))
    return frame(name, times, {one: draw(columns_of(len(times))) for one in labels})


@st.composite
def matchers(draw: st.DrawFn) -> tuple[Matcher, ...]:
    one = st.builds(
        Matcher,
        st.sampled_from(["__name__", "instance", "device", "nothing"]),
        st.sampled_from(["=", "!=", "=~", "!~"]),
        st.sampled_from(["", "a", "b", "web-1", "a|b", ".+"]),
    )
    return tuple(draw(st.lists(one, max_size=3)))
