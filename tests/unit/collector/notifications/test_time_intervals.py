"""Time intervals, as Alertmanager's documentation describes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from monitor_collector.documents import ConfigError
from monitor_collector.notifications.time_intervals import any_contains
from tests.unit.collector.notifications.desk import policy_from


def holds(tmp_path: Path, period: str, moment: str) -> bool:
    text = f"receivers: []\ntime_intervals: [{{name: t, time_intervals: [{period}]}}]"
    intervals = policy_from(tmp_path, text).time_intervals
    return any_contains(intervals, ["t"], round(datetime.fromisoformat(moment).timestamp() * 1000)) == ("t",)


@pytest.mark.parametrize(
    ("period", "moments"),
    [
        (
            "{times: [{start_time: '09:00', end_time: '17:00'}]}",
            {"2026-03-02T08:59:59Z": 0, "2026-03-02T09:00Z": 1, "2026-03-02T16:59:59Z": 1, "2026-03-02T17:00Z": 0},
        ),
        (
            "{times: [{start_time: '00:00', end_time: '01:00'}, {start_time: '23:00', end_time: '24:00'}]}",
            {"2026-03-02T23:59:59Z": 1, "2026-03-02T00:00Z": 1, "2026-03-02T12:00Z": 0},
        ),
        (
            "{weekdays: ['monday:friday', Sunday]}",
            {"2026-03-01T12:00Z": 1, "2026-03-02T12:00Z": 1, "2026-03-06T12:00Z": 1, "2026-03-07T12:00Z": 0},
        ),
        (
            "{days_of_month: ['1:5', '-3:-1']}",
            {"2026-02-05T12:00Z": 1, "2026-02-06T12:00Z": 0, "2026-02-25T12:00Z": 0, "2026-02-26T12:00Z": 1},
        ),
        (
            "{days_of_month: ['31', '-31']}",
            {"2026-02-28T12:00Z": 0, "2026-02-01T12:00Z": 0, "2026-03-31T12:00Z": 1, "2026-03-01T12:00Z": 1},
        ),
        (
            "{days_of_month: ['30:31']}",
            {"2026-02-28T12:00Z": 0, "2026-04-30T12:00Z": 1, "2026-04-29T12:00Z": 0},
        ),
        (
            "{days_of_month: ['27:-1']}",
            {"2026-02-27T12:00Z": 1, "2026-02-28T12:00Z": 1, "2026-02-26T12:00Z": 0},
        ),
        (
            "{months: ['may:august', december, '1:2', 10]}",
            {"2026-05-01T12:00Z": 1, "2026-09-01T12:00Z": 0, "2026-12-31T12:00Z": 1, "2026-01-31T12:00Z": 1}
            | {"2026-03-01T12:00Z": 0, "2026-10-01T12:00Z": 1},
        ),
        ("{years: ['2020:2022', 2026]}", {"2022-12-31T23:59Z": 1, "2023-01-01T00:00Z": 0, "2026-06-01T00:00Z": 1}),
        (
            "{weekdays: [saturday], months: [march]}",
            {"2026-03-07T12:00Z": 1, "2026-03-08T12:00Z": 0, "2026-04-04T12:00Z": 0},
        ),
        (
            "{times: [{start_time: '08:00', end_time: '09:00'}], location: 'America/New_York'}",
            {"2026-01-15T13:30Z": 1, "2026-07-15T12:30Z": 1, "2026-07-15T13:30Z": 0, "2026-01-15T08:30Z": 0},
        ),
        ("{times: [{start_time: 08:30, end_time: 17:30}]}", {"2026-03-02T08:29Z": 0, "2026-03-02T17:29Z": 1}),
        ("{}", {"2026-03-02T12:00Z": 1}),
    ],
)
def test_a_period_holds_when_all_of_its_fields_do(tmp_path: Path, period: str, moments: dict[str, int]) -> None:
    assert {moment: holds(tmp_path, period, moment) for moment in moments} == moments


@pytest.fixture
def machine_in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_local_is_the_machines_own_time_zone(tmp_path: Path, machine_in_tokyo: None) -> None:
    period = "{times: [{start_time: '08:00', end_time: '09:00'}], location: Local}"
    assert holds(tmp_path, period, "2026-03-01T23:30:00Z")
    assert not holds(tmp_path, period, "2026-03-01T08:30:00Z")


@pytest.mark.parametrize(
    "period",
    [
        "{times: [{start_time: '17:00', end_time: '09:00'}]}",
        "{times: [{start_time: 8.5, end_time: 9.5}]}",
        "{times: [{start_time: '08:60', end_time: '24:00'}]}",
        "{times: [{start_time: '08:00', end_time: '24:01'}]}",
        "{times: [{start_time: '08:00'}]}",
        "{times: []}",
        "{weekdays: ['saturday:sunday']}",
        "{weekdays: [caturday]}",
        "{weekdays: monday}",
        "{days_of_month: [0]}",
        "{days_of_month: [32]}",
        "{days_of_month: ['5:1']}",
        "{days_of_month: ['-1:-3']}",
        "{days_of_month: ['-3:3']}",
        "{months: [13]}",
        "{months: ['may:march']}",
        "{years: [soon]}",
        "{location: Middle-earth/Shire}",
        "{hours: [1]}",
        "1",
    ],
)
def test_a_period_that_makes_no_sense_is_refused_with_its_place(tmp_path: Path, period: str) -> None:
    with pytest.raises(ConfigError) as error:
        holds(tmp_path, period, "2026-03-01T00:00:00Z")
    assert f"{tmp_path}/receivers.yml:2: time_intervals: t" in str(error.value)
