"""Recent samples in memory."""

from __future__ import annotations

import struct
import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.frame import CHUNK_ROWS
from monitor_collector.head import Head
from monitor_collector.promql import STALE_MARKER, Labels, Matcher, Series
from monitor_collector.samples import Batch, Layout, metric

A = metric("a", instance="web-1")
B = metric("b", instance="web-1")
OTHER_A = metric("a", instance="web-2")
ALL = [Matcher("__name__", "!=", "")]
FOREVER = (-1, 2**60)


def put(head: Head, at_ms: int, values: dict[Labels, float]) -> int:
    return head.append(Batch(Layout(values), np.array(list(values.values()), float), at_ms))


def read(head: Head, labels: Labels, start_ms: int = -1, end_ms: int = 2**60) -> list[tuple[int, float]]:
    matchers = [Matcher(name, "=", value) for name, value in labels]
    found = head.select(matchers, start_ms, end_ms)
    return [pair for one in found for pair in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)]


def test_what_was_appended_is_selected() -> None:
    head = Head(3600)
    assert put(head, 1000, {A: 1, B: 2}) == 2
    assert put(head, 2000, {A: 3, B: 4}) == 2
    assert read(head, A) == [(1000, 1), (2000, 3)]
    assert read(head, B) == [(1000, 2), (2000, 4)]


def test_the_window_of_a_selection_is_open_on_the_left_and_closed_on_the_right() -> None:
    head = Head(3600)
    for at in (1000, 2000, 3000):
        put(head, at, {A: at})
    assert read(head, A, 1000, 3000) == [(2000, 2000), (3000, 3000)]
    assert head.select(ALL, 3000, 9000) == []


def test_a_batch_sent_again_changes_nothing_and_the_first_value_wins() -> None:
    head = Head(3600)
    put(head, 1000, {A: 1})
    put(head, 2000, {A: 2})
    assert put(head, 1000, {A: 1}) == 0
    assert put(head, 2000, {A: 99}) == 0
    assert read(head, A) == [(1000, 1), (2000, 2)]


def test_late_samples_are_put_in_order() -> None:
    head = Head(3600)
    for at in (5000, 1000, 3000, 4000, 2000):
        put(head, at, {A: at, B: -at})
    assert read(head, A) == [(at, at) for at in (1000, 2000, 3000, 4000, 5000)]


def test_a_series_that_appears_later_has_samples_from_then_on_only() -> None:
    head = Head(3600)
    put(head, 1000, {A: 1})
    put(head, 2000, {A: 2, B: 3})
    put(head, 3000, {A: 4})
    assert read(head, A) == [(1000, 1), (2000, 2), (3000, 4)]
    assert read(head, B) == [(2000, 3)]


def test_two_batches_of_one_moment_complete_each_other() -> None:
    head = Head(3600)
    put(head, 1000, {A: 1})
    put(head, 1000, {B: 2})
    assert read(head, A) + read(head, B) == [(1000, 1), (1000, 2)]


def test_a_real_nan_and_a_stale_marker_are_samples_with_their_bits_kept() -> None:
    head = Head(3600)
    put(head, 1000, {A: float("nan"), B: STALE_MARKER})
    put(head, 2000, {A: 1})
    nan, stale = (head.select([Matcher("__name__", "=", name)], *FOREVER)[0] for name in "ab")
    assert len(nan.values) == 2
    assert stale.values.tobytes() == struct.pack("<Q", 0x7FF0000000000002)


def test_a_batch_that_names_a_series_twice_keeps_the_first() -> None:
    head = Head(3600)
    head.append(Batch(Layout([A, A, B]), np.array([1.0, 2.0, 3.0]), 1000))
    assert read(head, A) == [(1000, 1)]
    assert read(head, B) == [(1000, 3)]


def test_a_batch_may_hold_several_moments_and_several_hosts() -> None:
    head = Head(3600)
    times = np.array([3000, 1000, 2000, 1000])
    head.append(Batch(Layout([A, A, OTHER_A, B]), np.array([3.0, 1.0, 9.0, 5.0]), times))
    assert read(head, A) == [(1000, 1), (3000, 3)]
    assert read(head, OTHER_A) == [(2000, 9)]
    assert read(head, B) == [(1000, 5)]


def test_matchers_choose_series_and_new_series_are_found_by_matchers_asked_before() -> None:
    head = Head(3600)
    put(head, 1000, {A: 1, B: 2})
    matchers = [Matcher("__name__", "=~", "a|b"), Matcher("instance", "!=", "web-3"), Matcher("absent", "=", "")]
    assert {one.labels for one in head.select(matchers, *FOREVER)} == {A, B}
    put(head, 1000, {OTHER_A: 3})
    assert {one.labels for one in head.select(matchers, *FOREVER)} == {A, B, OTHER_A}


def test_how_many_series_there_would_be_with_a_layout_is_told_by_host_and_in_total() -> None:
    head = Head(3600)
    put(head, 1, {metric("a", instance="web-1"): 1, metric("a", instance="web-2"): 1, metric("own"): 1})
    layout = Layout([metric("a", instance="web-1"), *[metric("b", instance="web-1")] * 2, metric("a", instance="new")])
    assert not head.knows(layout)
    assert head.series_counts_with(layout) == ({"web-1": 2, "new": 1}, 5)
    head.append(Batch(layout, np.zeros(4), 2))
    assert head.knows(layout)
    assert head.series_counts_with(layout) == ({"web-1": 2, "new": 1}, 5)


def test_what_is_older_than_the_window_is_forgotten_with_its_series() -> None:
    head = Head(60)
    count = 3 * CHUNK_ROWS
    put(head, 0, {A: 0, B: 0, OTHER_A: 0})
    for row in range(1, count):
        put(head, row * 1000, {A: row})
    head.forget(count * 1000)
    assert read(head, A)[0] == (0, 0), "no block has these samples yet"
    head.cut()
    head.forget(count * 1000)
    assert head.series_count == 1
    assert {one.labels for one in head.select(ALL, *FOREVER)} == {A}
    kept = read(head, A)
    assert kept[-1] == ((count - 1) * 1000, count - 1)
    assert kept[0][0] > 0
    put(head, count * 1000, {A: 7, B: 8})
    assert read(head, B) == [(count * 1000, 8)]
    assert read(head, A)[-1] == (count * 1000, 7)


def test_own_series_of_one_frame_may_differ_each_time() -> None:
    head = Head(3600)
    head.append_own("own", [(A, 1.0)], 1000)
    head.append_own("own", [(B, 2.0), (A, 3.0)], 2000)
    head.append_own("own", [], 3000)
    assert read(head, A) == [(1000, 1), (2000, 3)]
    assert read(head, B) == [(2000, 2)]


moments = st.integers(1, 700).map(lambda second: second * 1000)
batches = st.lists(st.tuples(moments, st.dictionaries(st.sampled_from([A, B, OTHER_A]), st.integers(), min_size=1)))


@given(batches)
def test_any_order_of_batches_ends_in_the_first_value_of_each_moment_in_order(appended: list) -> None:
    head, expected = Head(3600), {A: {}, B: {}, OTHER_A: {}}
    for at, values in appended:
        fresh = sum(at not in expected[labels] for labels in values)
        assert put(head, at, values) == fresh
        for labels, value in values.items():
            expected[labels].setdefault(at, float(value))
    for labels, by_time in expected.items():
        assert read(head, labels) == sorted(by_time.items())


def test_late_rows_split_full_chunks_and_nothing_is_lost() -> None:
    head = Head(10**6)
    order = np.random.default_rng(1).permutation(3 * CHUNK_ROWS).tolist()
    for second in order:
        put(head, second * 1000, {A: second, B: -second})
    assert read(head, A) == [(second * 1000, second) for second in range(3 * CHUNK_ROWS)]


def test_readers_see_only_whole_rows_while_batches_arrive() -> None:
    head = Head(10**6)
    put(head, 0, {A: 0, B: 0})
    found: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            series: dict[str, Series] = {one.labels[0][1]: one for one in head.select(ALL, *FOREVER)}
            a, b = series["a"], series["b"]
            if not np.array_equal(a.values, -b.values[: len(a.values)]):
                found.append("a row was seen before it was complete")
            if (np.diff(a.timestamps) <= 0).any() or not np.array_equal(a.timestamps / 1000, a.values):
                found.append("times out of order")

    reader = threading.Thread(target=look, daemon=True)
    reader.start()
    for second in range(1, 3000):
        put(head, (second ^ 3) * 1000, {A: second ^ 3, B: -(second ^ 3)})
    done.set()
    reader.join()
    assert found == []
