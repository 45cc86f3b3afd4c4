"""What a silence is."""

from __future__ import annotations

import pytest

from monitor_collector.notifications.silences import InvalidSilence, Silence, check, next_change_ms, silencing
from monitor_collector.promql.matchers import Matcher
from tests.unit.collector.notifications.desk import labels

GOOD = Silence("1", (Matcher("instance", "=~", "web-.+"), Matcher("env", "!=", "lab")), 100, 200, 0, "me", "because")


def test_a_silence_is_active_from_its_start_up_to_its_end() -> None:
    assert [GOOD.state(now) for now in (99, 100, 199, 200)] == ["pending", "active", "active", "expired"]


def test_an_alert_is_silenced_when_it_meets_all_matchers() -> None:
    assert silencing([GOOD], labels("A", "web-1")) == ("1",)
    assert silencing([GOOD], labels("A", "web-1", env="lab")) == ()
    assert silencing([GOOD], labels("A", "db-1")) == ()


def test_the_next_change_is_the_next_start_or_end() -> None:
    assert [next_change_ms([GOOD], now) for now in (0, 100, 200)] == [100, 200, None]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"matchers": ()}, "at least one matcher"),
        ({"matchers": (Matcher("a", "=~", ".*"), Matcher("b", "!=", "x"))}, "empty string"),
        ({"starts_ms": 200}, "before the end"),
        ({"ends_ms": 110}, "past"),
        ({"created_by": " "}, "who"),
        ({"comment": ""}, "why"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused(changed: dict, reason: str) -> None:
    check(GOOD, 110)
    with pytest.raises(InvalidSilence, match=reason):
        check(GOOD._replace(**changed), 110)
