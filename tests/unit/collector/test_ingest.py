"""Taking pushes over HTTP."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from monitor_collector import ingest as ingest_module
from monitor_collector import wal as wal_module
from monitor_collector.head import Head
from monitor_collector.ingest import PATH, Ingest
from monitor_collector.metrics import Metrics
from monitor_collector.promql import Matcher
from monitor_collector.push_limits import Limits
from monitor_collector.wal import Wal, WalError

NOW_MS = 1_700_000_000_000
LINE = f'node_load1{{instance="web-1"}} 0.5 {NOW_MS}\n'.encode()


class Collector:
    """An ingest with real storage, and a client that speaks to it."""

    def __init__(self, directory: Path, limits: Limits | None = None) -> None:
        self.head = Head(3600)
        self.wal = Wal(directory)
        self.metrics = Metrics()
        self.ingest = Ingest(self.head, self.wal, self.metrics, lambda: NOW_MS, limits)
        self.ingest.is_open = True

    def push(self, *bodies: bytes, **headers: str) -> list[httpx.Response]:
        async def work() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.ingest)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
                return [await client.post(PATH, content=body, headers=named) for body in bodies]

        return asyncio.run(work())

    def values(self, name: str = "node_load1") -> list[tuple[int, float]]:
        found = self.head.select([Matcher("__name__", "=", name)], 0, 2**60)
        return [pair for one in found for pair in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)]

    def count(self, name: str) -> float:
        return sum(value for labels, value in self.metrics.samples() if labels[0] == ("__name__", name))


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    collector = Collector(tmp_path)
    yield collector
    asyncio.run(collector.wal.close())


def test_a_batch_that_was_acknowledged_is_on_disk_and_in_memory(collector: Collector, tmp_path: Path) -> None:
    (answer,) = collector.push(LINE)
    assert (answer.status_code, answer.content) == (204, b"")
    assert collector.values() == [(NOW_MS, 0.5)]
    assert [(one.arrived_ms, one.body) for one in Wal(tmp_path).replay()] == [(NOW_MS, LINE)]
    assert collector.ingest.arrivals == {"web-1": NOW_MS}


def test_gzip_is_taken_as_it_came_even_in_several_members(collector: Collector, tmp_path: Path) -> None:
    body = gzip.compress(LINE) + gzip.compress(b"b 1\n")
    (answer,) = collector.push(body, content_encoding="gzip")
    assert answer.status_code == 204
    assert collector.values() + collector.values("b") == [(NOW_MS, 0.5), (NOW_MS, 1.0)]
    assert [one.body for one in Wal(tmp_path).replay()] == [body]


def test_what_the_log_replays_is_what_was_there_before(collector: Collector, tmp_path: Path) -> None:
    collector.push(LINE, b'a{instance="web-2"} 1\n')
    later = Collector(tmp_path)
    for _ in range(2):
        for record in later.wal.replay():
            later.ingest.restore(record)
    assert later.values() == collector.values()
    assert later.values("a") == collector.values("a") == [(NOW_MS, 1.0)]
    assert later.ingest.arrivals == {"web-1": NOW_MS, "web-2": NOW_MS}


def test_a_malformed_body_is_refused_with_its_line_and_nothing_of_it_is_stored(
    collector: Collector, tmp_path: Path
) -> None:
    (answer,) = collector.push(LINE + b"a one\n")
    assert answer.status_code == 400
    assert answer.text == "line 2: 'one' is no number\n"
    assert collector.values() == []
    assert list(Wal(tmp_path).replay()) == []
    assert collector.count("monitor_ingest_refused_batches_total") == 1


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(LINE)[:-1], gzip.compress(LINE) + b"rest"])
def test_a_body_that_is_no_sound_gzip_is_refused(collector: Collector, body: bytes) -> None:
    (answer,) = collector.push(body, content_encoding="gzip")
    assert answer.status_code == 400
    assert "is no gzip" in answer.text


def test_another_encoding_is_refused(collector: Collector) -> None:
    (answer,) = collector.push(LINE, content_encoding="zstd")
    assert answer.status_code == 415


def test_a_body_that_is_too_large_is_refused(collector: Collector) -> None:
    collector.ingest.limits = Limits(body_bytes=10)
    (answer,) = collector.push(LINE)
    assert answer.status_code == 413


def test_anything_but_post_is_refused(collector: Collector) -> None:
    async def work() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(collector.ingest), base_url="http://c") as client:
            return await client.get(PATH)

    assert asyncio.run(work()).status_code == 405


def test_samples_too_old_or_from_the_future_are_dropped_and_counted_and_the_others_taken(collector: Collector) -> None:
    times = [NOW_MS - 24 * 3_600_000 - 1, NOW_MS - 24 * 3_600_000, NOW_MS + 600_000, NOW_MS + 600_001]
    (answer,) = collector.push("".join(f"a {number} {time}\n" for number, time in enumerate(times)).encode())
    assert answer.status_code == 204
    assert answer.headers["X-Monitor-Dropped-Samples"] == "2"
    assert [value for _, value in collector.values("a")] == [1, 2]
    assert collector.count("monitor_ingest_dropped_samples_total") == 2
    (answer,) = collector.push(f"b 1 {NOW_MS + 600_001}\n".encode())
    assert (answer.status_code, answer.headers["X-Monitor-Dropped-Samples"]) == (204, "1")


def test_an_empty_body_is_harmless(collector: Collector) -> None:
    (answer,) = collector.push(b"")
    assert answer.status_code == 204


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def test_with_credentials_a_push_needs_its_hosts_token(collector: Collector) -> None:
    collector.ingest.credentials = {digest("secret-1"): "web-1", digest("secret-2"): "web-2"}
    assert collector.push(LINE)[0].status_code == 401
    assert collector.push(LINE, authorization="Bearer wrong")[0].status_code == 401
    assert collector.push(LINE, authorization="Basic secret-1")[0].status_code == 401
    assert collector.push(LINE, authorization="Bearer secret-2")[0].status_code == 403
    assert collector.push(LINE + b"a 1\n", authorization="Bearer secret-1")[0].status_code == 403
    assert collector.values() == []
    assert collector.push(LINE, authorization="Bearer secret-1")[0].status_code == 204
    assert collector.values() == [(NOW_MS, 0.5)]


def failing(error: WalError) -> Callable[[object, Callable[[WalError], None]], None]:
    return lambda _, done: done(error)


def test_what_cannot_be_made_durable_is_not_acknowledged_but_rules_see_it(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector.wal, "append_then", failing(WalError("No space left on device")))
    (answer,) = collector.push(LINE)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert collector.values() == [(NOW_MS, 0.5)]
    assert collector.ingest.arrivals == {"web-1": NOW_MS}


def test_memory_holds_only_so_much_of_what_cannot_be_made_durable(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector.wal, "append_then", failing(WalError("No space left on device")))
    monkeypatch.setattr(ingest_module, "UNACKNOWLEDGED_MAX_BYTES", 0)
    (answer,) = collector.push(LINE)
    assert answer.status_code == 503
    assert collector.values() == []


def test_more_than_the_disk_can_take_is_put_off_and_not_kept_in_memory_either(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal_module, "QUEUE_MAX_BYTES", -1)
    (answer,) = collector.push(LINE)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert collector.values() == []


def test_before_the_log_was_replayed_pushes_are_put_off(collector: Collector) -> None:
    collector.ingest.is_open = False
    (answer,) = collector.push(LINE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('a{x="1",y="2",z="3"} 1', "sample 2, a: a series may have 2 labels, and this one has 3"),
        ('a{a_long_name="1"} 1', "sample 2, a: a label name may have 8 bytes, and a_long_name… has more"),
        ('a{x="12345678901"} 1', "sample 2, a: the value of the label x may have 10 bytes, and has 11"),
        ('a{x="ääääää"} 1', "sample 2, a: the value of the label x may have 10 bytes, and has 12"),
        ("a2345678901 1", "sample 2, a2345678901: the metric name may have 10 bytes, and has 11"),
        ('b{instance="web-1"} 1\nc{instance="web-1"} 1', "instance='web-1' has 3 series in memory; 2 are allowed"),
    ],
)
def test_series_beyond_the_limits_are_refused_with_the_whole_batch(tmp_path: Path, line: str, reason: str) -> None:
    limits = Limits(host_series=2, labels=2, label_name_bytes=8, label_value_bytes=10)
    collector = Collector(tmp_path, limits)
    first = b'node_load{instance="web-1"} 1\n'
    good, bad, again = collector.push(first, first + line.encode(), first)
    assert [good.status_code, bad.status_code, again.status_code] == [204, 400, 204]
    assert reason in bad.text
    assert collector.head.series_count == 1
    assert collector.count("monitor_ingest_series_refused_batches_total") == 1
    asyncio.run(collector.wal.close())


def test_new_series_are_put_off_while_there_are_too_many_and_known_ones_taken(tmp_path: Path) -> None:
    collector = Collector(tmp_path, Limits(series=2))
    answers = collector.push(b"a 1\nb 1\n", b"c 1\n", b"b 2\n")
    assert [one.status_code for one in answers] == [204, 429, 204]
    assert int(answers[1].headers["Retry-After"]) > 0
    asyncio.run(collector.wal.close())


def test_what_was_taken_is_restored_though_the_limits_are_lower_now(collector: Collector, tmp_path: Path) -> None:
    collector.push(gzip.compress(b"a 1\nb 1\n"), content_encoding="gzip")
    later = Collector(tmp_path, Limits(series=1, text_bytes=1, lines=1))
    for record in later.wal.replay():
        later.ingest.restore(record)
    assert later.head.series_count == 2


def test_a_batch_that_memory_cannot_take_does_not_keep_others_from_their_answers(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(collector.head, "append", fail)
    assert [one.status_code for one in collector.push(LINE, LINE)] == [500, 500]


def test_how_long_pushes_took_is_counted(collector: Collector) -> None:
    collector.push(LINE, LINE)
    assert collector.count("monitor_ingest_duration_seconds_count") == 2
    assert collector.count("monitor_ingest_duration_seconds_sum") > 0
