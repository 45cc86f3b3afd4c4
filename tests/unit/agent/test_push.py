"""What becomes of a batch, for each thing that a collector may answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor_agent.compression import compress
from monitor_agent.connection import Answer, Connection
from monitor_agent.push import REQUEST_MAX_BYTES, Pusher
from monitor_agent.spool import Spool
from monitor_agent.troubles import Troubles
from monitor_agent.url import parse_url
from tests.unit.agent.conftest import Server

REFUSING_URL = "http://127.0.0.1:1/"
PLENTY = 1e9


class Posting:
    """Posts as a function says."""

    address = "http://collector/"

    def __init__(self, post: Callable[[bytes], Answer]) -> None:
        self.post = post


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path), 10**8, 10**7)


@pytest.fixture
def pusher_to(spool: Spool) -> Iterator[Callable[[str], Pusher]]:
    """Pushers whose random pauses are as long as they can be; their connections are closed in the end."""
    connections: list[Connection] = []

    def make(url: str) -> Pusher:
        connections.append(Connection(parse_url(url), timeout_seconds=5))
        return Pusher(spool, connections[-1], 1.0, PLENTY, Troubles(), jitter=lambda: 1.0)

    yield make
    for connection in connections:
        connection.close()


@pytest.fixture
def pusher(server: Server, pusher_to: Callable[[str], Pusher]) -> Pusher:
    return pusher_to(server.url)


def add(spool: Spool, *taken_ms: int) -> None:
    for each in taken_ms:
        spool.add(compress(f"m 1 {each}\n".encode()), each)


def test_an_acknowledged_batch_leaves_the_spool(server: Server, spool: Spool, pusher: Pusher) -> None:
    add(spool, 1000)
    assert pusher.push_once() == 0
    assert server.bodies == ["m 1 1000\n"]
    assert server.headers[0]["Content-Encoding"] == "gzip"
    assert server.headers[0]["Content-Type"] == "text/plain; version=0.0.4"
    assert len(spool) == 0
    assert pusher.sent == 1


def test_the_newest_goes_first_and_the_backlog_follows_together(server: Server, spool: Spool, pusher: Pusher) -> None:
    add(spool, 1000, 2000, 3000)
    pusher.push_once()
    pusher.push_once()
    assert server.bodies == ["m 1 3000\n", "m 1 1000\nm 1 2000\n"]
    assert pusher.sent == 3


def test_a_batch_that_comes_while_a_backlog_is_sent_goes_before_the_rest(
    server: Server, spool: Spool, pusher: Pusher
) -> None:
    add(spool, *range(1000, 1010))
    pusher.push_once()
    add(spool, 2000)
    pusher.push_once()
    assert server.bodies == ["m 1 1009\n", "m 1 2000\n"]


def test_a_backlog_request_is_bounded_and_shrinks_when_it_takes_longer_than_half_an_interval(spool: Spool) -> None:
    for taken_ms in range(40):
        spool.add(b"x" * 100_000, taken_ms)
    sizes: list[int] = []
    now = [0.0]

    def post(body: bytes) -> Answer:
        sizes.append(len(body))
        now[0] += 2.0 if len(body) > 300_000 else 0.1
        return Answer(204, "")

    pusher = Pusher(spool, Posting(post), 1.0, PLENTY, Troubles(), clock=lambda: now[0])
    while len(spool):
        pusher.push_once()
    assert sizes[0] == 100_000
    assert max(sizes) <= REQUEST_MAX_BYTES
    assert sizes[1:4] == [1_000_000, 500_000, 200_000]


def test_a_backlog_follows_at_a_limited_rate_and_the_newest_at_once(spool: Spool) -> None:
    for taken_ms in range(10):
        spool.add(b"x" * 1000, taken_ms)
    pusher = Pusher(spool, Posting(lambda body: Answer(204, "")), 1.0, 4000, Troubles(), clock=lambda: 0.0)
    assert [pusher.push_once() for _ in range(4)] == [0, 0.5, 0.5, 0.5]
    assert len(spool) == 3
    spool.add(b"x" * 1000, 10)
    assert pusher.push_once() == 0
    assert [pusher.push_once() for _ in range(2)] == [0.5, 0]
    assert not len(spool)


def test_a_clock_that_jumps_is_a_metric_and_told_once(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    wrong_by_seconds = [0.0, 3600.0, 3600.0, -60.0, 0.0]
    answers = (Answer(204, "", None, float(int(time.time() + each))) for each in wrong_by_seconds)
    pusher = Pusher(spool, Posting(lambda body: next(answers)), 1.0, PLENTY, Troubles())
    assert pusher.clock_offset_seconds is None
    for taken_ms, wrong in enumerate(wrong_by_seconds):
        add(spool, taken_ms)
        pusher.push_once()
        assert pusher.clock_offset_seconds == pytest.approx(wrong, abs=2)
    behind, ahead, over = capsys.readouterr().err.splitlines()
    assert "s behind the collector's: is it synchronised?" in behind
    assert "s ahead of the collector's" in ahead
    assert over == "<6>the host's clock agrees with the collector's again"


def test_what_was_acknowledged_last_is_told(spool: Spool) -> None:
    told: list[int] = []
    pusher = Pusher(spool, Posting(lambda body: Answer(204, "")), 1.0, PLENTY, Troubles(), told.append)
    add(spool, 1000, 2000)
    pusher.push_once()
    pusher.push_once()
    assert told == [2000, 2000]


@pytest.mark.parametrize("status", [500, 502, 503, 429, 401, 403, 408])
def test_what_may_pass_is_tried_again_and_keeps_the_batch(
    server: Server, spool: Spool, pusher: Pusher, status: int
) -> None:
    server.answers = [(status, {})]
    add(spool, 1000)
    assert pusher.push_once() == 1.0
    assert len(spool) == pusher.retried == 1
    assert pusher.push_once() == 0
    assert len(spool) == pusher.rejected == 0


def test_pauses_double_up_to_a_minute_and_begin_anew_after_success(
    server: Server, spool: Spool, pusher: Pusher
) -> None:
    server.answers = [(500, {})] * 8
    add(spool, 1000)
    assert [pusher.push_once() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pusher.push_once() == 0
    server.answers = [(500, {})]
    add(spool, 2000)
    assert pusher.push_once() == 1


def test_a_collector_that_does_not_answer_is_tried_every_ten_seconds(
    spool: Spool, pusher_to: Callable[[str], Pusher]
) -> None:
    pusher = pusher_to(REFUSING_URL)
    add(spool, 1000)
    assert [pusher.push_once() for _ in range(6)] == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_and_spread_a_little(server: Server, spool: Spool, pusher: Pusher, status: int) -> None:
    server.answers = [(status, {"Retry-After": "70"})]
    add(spool, 1000)
    assert pusher.push_once() == pytest.approx(77)


@pytest.mark.parametrize("status", [400, 404, 413, 415])
def test_a_batch_that_will_never_be_taken_is_put_aside_and_the_next_goes_on(
    server: Server, spool: Spool, pusher: Pusher, status: int, tmp_path: Path
) -> None:
    server.answers = [(status, {})]
    add(spool, 1000)
    assert pusher.push_once() == 0
    assert pusher.rejected == 1
    assert (tmp_path / "rejected/00000000001000.gz.answer").read_text() == f"{status} line 3: no"
    add(spool, 2000)
    pusher.push_once()
    assert server.bodies[-1] == "m 1 2000\n"


def test_the_same_complaint_is_told_once(
    server: Server, spool: Spool, pusher: Pusher, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = [(400, {}), (400, {}), (404, {})]
    for taken_ms in (1000, 2000, 3000):
        add(spool, taken_ms)
        pusher.push_once()
    assert capsys.readouterr().err.count("will not take a batch") == 2


def test_one_bad_batch_in_a_backlog_costs_only_itself(server: Server, spool: Spool, pusher: Pusher) -> None:
    server.unacceptable = ["1037"]
    add(spool, *range(1000, 1100))
    while len(spool):
        pusher.push_once()
    assert pusher.rejected == 1
    assert pusher.sent == 99
    assert len(server.bodies) < 30


def test_a_refused_connection_is_told_once_in_plain_words_and_once_when_it_is_over(
    server: Server, spool: Spool, pusher_to: Callable[[str], Pusher], capsys: pytest.CaptureFixture[str]
) -> None:
    posts = [Connection(parse_url(REFUSING_URL), 5).post] * 3
    good = Connection(parse_url(server.url), 5)
    posting = Posting(lambda body: (posts.pop() if posts else good.post)(body))
    pusher = Pusher(spool, posting, 1.0, PLENTY, Troubles())
    add(spool, 1000, 2000)
    for _ in range(5):
        pusher.push_once()
    good.close()
    assert capsys.readouterr().err.splitlines() == [
        "<4>collector at http://collector/ refused the connection: is monitor-collector running there?",
        "<6>pushing to http://collector/ again; 2 batches were waiting",
    ]
