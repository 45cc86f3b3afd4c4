"""Times, durations, limits and selectors, as Prometheus reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.api.answers import BadParameter
from monitor_collector.api.parameters import FARTHEST_MS, Parameters
from monitor_collector.promql import Matcher


def one(text: str) -> Parameters:
    return Parameters([("name", text)])


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("-5", -5000),
        ("1700000000.123", 1_700_000_000_123),
        ("0.0015", 2),
        ("1e3", 1_000_000),
        (".5", 500),
        ("2023-11-14T22:13:21Z", 1_700_000_001_000),
        ("2023-11-14T23:13:21.5+01:00", 1_700_000_001_500),
        ("2023-11-14T22:13:21.123456789Z", 1_700_000_001_123),
        # promtool asks for all of time with this.
        ("-9223309901257974", -FARTHEST_MS),
        ("292277025-08-18T07:12:54.999999999Z", FARTHEST_MS),
    ],
)
def test_times_are_seconds_or_dates(text: str, milliseconds: int) -> None:
    assert one(text).time_ms("name") == milliseconds


@pytest.mark.parametrize(
    "text",
    ["noon", " 5", "inf", "nan", "0x10", "٣", "2023-11-14", "2023-11-14T22:13:21", "2023-13-14T22:13:21Z", "1;2"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="to a valid timestamp"):
        one(text).time_ms("name")


def test_a_missing_time_is_the_default_or_refused() -> None:
    assert Parameters([]).time_ms("name", 7) == 7
    assert one("").time_ms("name", 7) == 7
    with pytest.raises(BadParameter) as refusal:
        Parameters([]).time_ms("name")
    assert str(refusal.value) == 'invalid parameter "name": cannot parse "" to a valid timestamp'


@pytest.mark.parametrize(("text", "seconds"), [("15", 15), ("0.5", 0.5), ("1h30m", 5400), ("500ms", 0.5), ("-1", -1)])
def test_durations_are_seconds_or_words(text: str, seconds: float) -> None:
    assert one(text).seconds("name") == seconds


@pytest.mark.parametrize("text", ["x", "inf", "1e300", "1.5m", "5 m", "9" * 400])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="to a valid duration"):
        one(text).seconds("name")


def test_a_limit_is_a_number_that_is_not_negative() -> None:
    assert Parameters([]).limit() == 0
    assert Parameters([("limit", "3")]).limit() == 3
    for wrong in ("-1", "1.5", "x", "9" * 30):
        with pytest.raises(BadParameter):
            Parameters([("limit", wrong)]).limit()


def test_flags_are_go_s_booleans() -> None:
    assert one("true").flag("name")
    assert one("T").flag("name")
    assert not one("0").flag("name")
    assert not Parameters([]).flag("name")
    with pytest.raises(BadParameter):
        one("yes").flag("name")


def test_the_first_of_several_values_counts_and_selectors_are_taken_all() -> None:
    parameters = Parameters([("name", "1"), ("name", "2"), ("match[]", "up"), ("match[]", '{a="b"}')])
    assert parameters.text("name") == "1"
    assert parameters.selectors() == [(Matcher("__name__", "=", "up"),), (Matcher("a", "=", "b"),)]


@pytest.mark.parametrize("selector", ["rate(up[5m])", "up offset 5m", "up @ 5", "up[5m]", "{", "", "1", "{}"])
def test_what_selects_no_series_is_refused(selector: str) -> None:
    with pytest.raises(BadParameter, match=r'invalid parameter "match\[\]"'):
        Parameters([("match[]", selector)]).selectors()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    parameters = Parameters([("name", text), ("limit", text), ("match[]", text)])
    readers = [
        lambda: parameters.time_ms("name"),
        lambda: parameters.seconds("name"),
        lambda: parameters.flag("name"),
        parameters.limit,
        parameters.selectors,
    ]
    for read in readers:
        try:
            read()
        except BadParameter as refusal:
            assert refusal.status == 400
            assert refusal.kind == "bad_data"
