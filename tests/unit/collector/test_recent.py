from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.frame import Frame
from monitor_collector.head import Head
from monitor_collector.promql import STALE_MARKER, Labels, Matcher, Window, all_match
from monitor_collector.promql.values import STALE_BITS
from monitor_collector.recent import Recent
from monitor_collector.samples import Batch, Layout, metric

RANGE_MS = 60_000
LOOKBACK_MS = 300_000
START = 1_000_000
HOSTS = ("web-1", "web-2", "web-3")
NAMES = ("a", "b", "c", "d")
ALL_OF_A = (Matcher("__name__", "=", "a"),)
SELECTORS = (ALL_OF_A, (Matcher("__name__", "=~", "[bcd]"), Matcher("instance", "!=", "web-2")))
STALE = float(STALE_MARKER)

Samples = dict[Labels, dict[int, int]]


def bits_of(value: float) -> int:
    return int(np.float64(value).view(np.uint64))


def series_of(instance: str, names: Iterable[str] = NAMES) -> tuple[Labels, ...]:
    return tuple(metric(name, instance=instance) for name in names)


class Bench:
    """A head, what is kept ready of it, and in plain dictionaries everything that was ever pushed."""

    def __init__(self, window_seconds: int = 350, **options: int) -> None:
        self.head = Head(window_seconds)
        self.recent = Recent(self.head, self.head.select, **options)
        self.pushed: Samples = {}
        self._layouts: dict[tuple[Labels, ...], Layout] = {}

    def push(self, instance: str, at_ms: int, value: float = 1.0, names: Sequence[str] = NAMES) -> None:
        series = series_of(instance, names)
        layout = self._layouts.setdefault(series, Layout(series))
        for labels in series:
            self.pushed.setdefault(labels, {}).setdefault(at_ms, bits_of(value))
        self.head.append(Batch(layout, np.full(len(series), value), at_ms))

    def forget(self, now_ms: int) -> None:
        self.head.cut()
        self.head.forget(now_ms)

    def expected(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Samples:
        chosen = {labels: samples for labels, samples in self.pushed.items() if all_match(matchers, labels)}
        return {
            labels: {t: samples[t] for t in sorted(samples) if start_ms < t <= end_ms}
            for labels, samples in chosen.items()
        }

    def check_newest(self, at_ms: int, matchers: tuple[Matcher, ...]) -> bool:
        """Whether it is ready, and if so, right."""
        found = self.recent.newest(matchers, at_ms - LOOKBACK_MS, at_ms)
        if found is None:
            return False
        rows = zip(found.labels, found.timestamps.tolist(), found.values.tolist(), found.present, strict=True)
        newest = {labels: [(at_ms, bits_of(value))] for labels, at_ms, value, is_present in rows if is_present}
        expected = self.expected(matchers, at_ms - LOOKBACK_MS, at_ms)
        assert newest == {labels: list(samples.items())[-1:] for labels, samples in expected.items() if samples}
        return True

    def check_window(self, at_ms: int, matchers: tuple[Matcher, ...]) -> bool:
        """Whether it is ready, and if so, right."""
        found = self.recent.window(matchers, at_ms - RANGE_MS, at_ms)
        if found is None:
            return False
        for labels, samples in self.expected(matchers, at_ms - RANGE_MS, at_ms).items():
            kept = {t: bits for t, bits in samples.items() if bits != STALE_BITS}
            assert samples_of(found).get(labels, {}) == kept
        return True


def samples_of(window: Window) -> Samples:
    found = {}
    for labels, first, past in zip(window.labels, window.first.tolist(), window.past.tolist(), strict=True):
        samples = dict(
            zip(window.timestamps[first:past].tolist(), map(bits_of, window.values[first:past]), strict=True)
        )
        assert len(samples) == past - first
        found[labels] = samples
    return found


PUSHES = st.tuples(
    st.sampled_from(HOSTS),
    st.sampled_from([0, 0, 0, -1, -7, -40, -100, 20]),
    st.sampled_from([1.0, 2.0, float("nan"), float("inf"), STALE]),
    st.sampled_from([NAMES, NAMES[:2], NAMES[:2], "a", "d"]),
)
STEPS = st.tuples(
    st.sampled_from([0, 3, 5, 5, 30, 200]),
    st.lists(PUSHES, max_size=5),
    st.sampled_from([0, 0, 0, -2, -30, -90]),
    st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=20))
def test_whatever_is_pushed_in_whatever_order_what_is_ready_is_right(steps: list[tuple]) -> None:
    bench = Bench()
    now_ms = START
    for wait_seconds, pushes, look_seconds, forgets in steps:
        now_ms += wait_seconds * 1000
        for instance, seconds, value, names in pushes:
            bench.push(instance, now_ms + seconds * 1000, value, names)
        if forgets:
            bench.forget(now_ms)
        for matchers in SELECTORS:
            bench.check_newest(now_ms + look_seconds * 1000, matchers)
            bench.check_window(now_ms + look_seconds * 1000, matchers)


def test_a_fleet_that_pushes_row_by_row_is_ready_all_the_time() -> None:
    bench = Bench()
    for at_ms in range(START, START + 900_000, 5000):
        for instance in HOSTS:
            bench.push(instance, at_ms, at_ms)
        for later_ms in (150, 1150, 4900):
            assert bench.check_newest(at_ms + later_ms, ALL_OF_A)
            assert bench.check_window(at_ms + later_ms, ALL_OF_A)


def test_the_list_of_labels_is_the_same_one_until_there_are_other_series() -> None:
    bench = Bench()
    bench.push("web-1", START)
    first = bench.recent.newest(ALL_OF_A, START - 1, START).labels
    bench.push("web-1", START + 5000)
    assert bench.recent.newest(ALL_OF_A, START - 1, START + 5000).labels is first
    assert bench.recent.window(ALL_OF_A, START - 1, START + 5000).labels is first
    bench.push("web-2", START + 5000)
    assert bench.recent.newest(ALL_OF_A, START - 1, START + 5000).labels == [*first, *series_of("web-2", "a")]


def test_a_host_whose_clock_is_ahead_does_not_make_the_others_wait() -> None:
    bench = Bench()
    for instance, seconds in zip(HOSTS, (0, 0, 120), strict=True):
        bench.push(instance, START + 1000)
        bench.push(instance, START + seconds * 1000 + 2000)
    assert bench.check_newest(START + 3000, ALL_OF_A)
    assert bench.check_window(START + 3000, ALL_OF_A)


def test_the_past_is_left_to_select() -> None:
    bench = Bench()
    for seconds in (0, 100, 200):
        for instance in HOSTS:
            bench.push(instance, START + seconds * 1000)
    assert bench.recent.newest(ALL_OF_A, 0, START) is None
    assert bench.recent.window(ALL_OF_A, 0, START) is None
    assert bench.recent.newest(ALL_OF_A, START + 200_000 - LOOKBACK_MS - 1, START + 200_000) is None


def test_what_only_blocks_have_is_left_to_select() -> None:
    bench = Bench(window_seconds=10)
    bench.push("web-1", START)
    bench.forget(START)
    bench.push("web-1", START + 100_000)
    assert bench.check_window(START + 100_000, ALL_OF_A)
    bench.forget(START + 100_000)
    assert bench.recent.newest(ALL_OF_A, START - 1, START + 100_000) is None
    assert bench.recent.window(ALL_OF_A, START - 1, START + 100_000) is None
    assert bench.recent.newest(ALL_OF_A, START, START + 100_000) is not None
    assert bench.recent.window(ALL_OF_A, START, START + 100_000) is not None


def test_a_window_may_look_back_further_than_the_one_before() -> None:
    bench = Bench()
    for seconds in range(0, 300, 5):
        bench.push("web-1", START + seconds * 1000)
    for seconds in (700, 300, 240, 300):
        assert bench.check_window(START + seconds * 1000, ALL_OF_A)


def test_frames_that_others_have_replaced_are_let_go() -> None:
    def frames() -> int:
        gc.collect()
        return sum(isinstance(one, Frame) for one in gc.get_objects())

    before = frames()
    bench = Bench(window_seconds=100)
    bench.push("web-1", START)
    bench.push("web-2", START)
    assert bench.check_newest(START, ALL_OF_A)
    assert bench.check_window(START, ALL_OF_A)
    bench.forget(START)
    bench.push("web-1", START + 500_000, names=NAMES[:2])
    bench.forget(START + 500_000)
    assert bench.check_newest(START + 500_000, ALL_OF_A)
    assert bench.check_window(START + 500_000, ALL_OF_A)
    assert frames() - before == 1


def test_windows_that_are_too_large_together_are_left_to_select() -> None:
    bench = Bench(room=1000)
    bench.push("web-1", START)
    assert bench.check_window(START, ALL_OF_A)
    for millisecond in range(2000):
        bench.push("web-1", START + millisecond + 1)
    assert bench.check_window(START + 2000, ALL_OF_A)
    assert not bench.check_window(START + 2001, ALL_OF_A)
    assert bench.check_newest(START + 2001, ALL_OF_A)
    assert bench.recent.window(ALL_OF_A, START, START + 1000) is not None


def test_many_frames_and_frames_that_grow_keep_their_samples() -> None:
    bench = Bench()
    hosts = [f"host-{number}" for number in range(1100)]
    for instance in hosts:
        bench.push(instance, START, len(instance), "a")
    assert bench.check_newest(START, ALL_OF_A)
    assert bench.check_newest(START, SELECTORS[1])
    for number, instance in enumerate(hosts[::100]):
        bench.push(instance, START + 1000, number, [f"other_{more}" for more in range(100)])
    assert bench.check_newest(START + 1000, ALL_OF_A)
    assert bench.check_newest(START + 1000, (Matcher("__name__", "=", "other_99"),))


def test_a_writer_in_another_thread_is_seen_row_by_row_and_no_row_is_lost() -> None:
    """Each series' value is the time of its sample, one each second, so whatever is seen can be judged by itself."""
    bench = Bench(window_seconds=10**6)
    count = 3000

    def write() -> None:
        for second in range(count):
            for instance in HOSTS:
                at_ms = START + second * 1000
                names = NAMES[: 1 + second * len(NAMES) // count]
                bench.push(instance, at_ms, at_ms, names)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    looks = 0
    while writer.is_alive() or not looks:
        end_ms = max(bench.head.newest_ms, START)
        found = bench.recent.window(ALL_OF_A, end_ms - RANGE_MS, end_ms)
        for labels, samples in samples_of(found).items() if found else ():
            assert labels[0] == ("__name__", "a")
            times = list(samples)
            assert times == list(range(times[0], times[-1] + 1, 1000)) if times else True
            assert all(bits == bits_of(t) for t, bits in samples.items())
        newest = bench.recent.newest(ALL_OF_A, end_ms - RANGE_MS, end_ms)
        if newest is not None:
            assert newest.timestamps[newest.present].tolist() == newest.values[newest.present].tolist()
        looks += 1
    writer.join()
    end_ms = START + count * 1000
    assert bench.check_newest(end_ms, ALL_OF_A)
    assert bench.check_window(end_ms, ALL_OF_A)


@pytest.mark.parametrize("matchers", SELECTORS)
def test_where_there_is_nothing_nothing_is_found(matchers: tuple[Matcher, ...]) -> None:
    bench = Bench()
    assert bench.recent.newest(matchers, 0, LOOKBACK_MS).labels == []
    assert bench.recent.window(matchers, 0, LOOKBACK_MS).labels == []
