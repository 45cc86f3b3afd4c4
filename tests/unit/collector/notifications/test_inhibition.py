"""Inhibition, as Alertmanager's documentation describes it."""

from __future__ import annotations

from monitor_collector.notifications.inhibition import Inhibitor, InhibitRule
from monitor_collector.notifications.matchers import parse_matchers
from tests.unit.collector.notifications.desk import labels

DOWN = labels("Down", "web-1")
HIGH = labels("High", "web-1", severity="warning")


def rule(source: str, target: str, *equal: str) -> InhibitRule:
    return InhibitRule(parse_matchers(source), parse_matchers(target), equal)


def test_an_alert_is_inhibited_while_a_source_with_equal_labels_fires() -> None:
    rules = [rule("alertname=Down", "severity=warning", "instance")]
    inhibitor = Inhibitor(rules, [DOWN, HIGH])
    assert inhibitor.inhibitors(HIGH) == (DOWN,)
    assert inhibitor.inhibitors(labels("High", "web-2", severity="warning")) == ()
    assert inhibitor.inhibitors(labels("High", "web-1", severity="critical")) == ()
    assert Inhibitor(rules, [HIGH]).inhibitors(HIGH) == ()


def test_a_label_that_both_lack_is_equal_and_one_that_one_lacks_is_not() -> None:
    inhibitor = Inhibitor([rule("alertname=Down", "alertname=High", "env")], [DOWN])
    assert inhibitor.inhibitors(HIGH) == (DOWN,)
    assert inhibitor.inhibitors(labels("High", "web-1", env="lab")) == ()


def test_without_equal_labels_one_source_inhibits_all_targets() -> None:
    inhibitor = Inhibitor([rule("alertname=Down", "alertname=High")], [DOWN])
    assert inhibitor.inhibitors(labels("High", "web-9")) == (DOWN,)


def test_no_alert_inhibits_itself_and_two_that_match_both_sides_do_not_inhibit_each_other() -> None:
    rules = [rule("severity=~critical|warning", "severity=~warning|info", "instance")]
    twin = labels("Low", "web-1", severity="warning")
    inhibitor = Inhibitor(rules, [HIGH, twin])
    assert inhibitor.inhibitors(HIGH) == inhibitor.inhibitors(twin) == ()
    critical = labels("Full", "web-1", severity="critical")
    assert Inhibitor(rules, [HIGH, twin, critical]).inhibitors(HIGH) == (critical,)
    assert inhibitor.inhibitors(labels("Note", "web-1", severity="info")) == (HIGH,)
