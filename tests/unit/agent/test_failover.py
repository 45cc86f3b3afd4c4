"""Several collectors of which one gets the data."""

from __future__ import annotations

import pytest

from monitor_agent.connection import Answer
from monitor_agent.failover import RETURN_AFTER_SECONDS, Failover


class Collector:
    """Answers with a status; 0 is no answer at all."""

    def __init__(self, name: str, status: int = 204) -> None:
        self.address = name
        self.status = status
        self.asked = 0
        self.is_closed = False

    def post(self, body: bytes) -> Answer:
        self.asked += 1
        if not self.status:
            raise ConnectionRefusedError(self.address)
        return Answer(self.status, self.address)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def first() -> Collector:
    return Collector("first")


@pytest.fixture
def second() -> Collector:
    return Collector("second")


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def failover(first: Collector, second: Collector, now: list[float]) -> Failover:
    return Failover([first, second], clock=lambda: now[0])


def test_the_preferred_one_gets_everything_while_it_answers(
    failover: Failover, first: Collector, second: Collector
) -> None:
    assert failover.post(b"").text == "first"
    assert second.asked == 0


@pytest.mark.parametrize("status", [0, 500, 503])
def test_the_next_one_gets_the_same_batch_at_once(failover: Failover, first: Collector, status: int) -> None:
    first.status = status
    assert failover.post(b"").text == "second"
    assert failover.address == "second"


def test_a_refused_batch_is_refused_and_not_carried_elsewhere(
    failover: Failover, first: Collector, second: Collector
) -> None:
    first.status = 400
    assert failover.post(b"").status == 400
    assert second.asked == 0


def test_the_preferred_one_is_tried_again_after_a_minute(
    failover: Failover, first: Collector, now: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    first.status = 0
    failover.post(b"")
    first.status = 204
    now[0] = RETURN_AFTER_SECONDS - 1
    assert failover.post(b"").text == "second"
    now[0] = RETURN_AFTER_SECONDS
    assert failover.post(b"").text == "first"
    assert capsys.readouterr().err.splitlines() == [
        "<4>collector at first does not take batches, pushing to second",
        "<6>pushing to first again",
    ]


def test_a_preferred_one_that_stays_away_costs_one_attempt_a_minute(
    failover: Failover, first: Collector, now: list[float]
) -> None:
    first.status = 0
    for second in range(int(3 * RETURN_AFTER_SECONDS)):
        now[0] = float(second)
        failover.post(b"")
    assert first.asked == 3


def test_when_none_answers_the_preferred_ones_reason_counts(
    failover: Failover, first: Collector, second: Collector
) -> None:
    first.status = second.status = 0
    with pytest.raises(ConnectionRefusedError, match="first"):
        failover.post(b"")
    assert failover.address == "first"
    first.status = 503
    assert failover.post(b"").status == 503


def test_closing_closes_all(failover: Failover, first: Collector, second: Collector) -> None:
    failover.close()
    assert first.is_closed
    assert second.is_closed
