"""Alerts and recordings, second by second."""

from __future__ import annotations

import struct
from collections.abc import Collection
from pathlib import Path

import pytest

from monitor_collector import rules
from monitor_collector.head import Head
from monitor_collector.promql import Labels, QueryError
from monitor_collector.rule_files import Rule, read_groups
from monitor_collector.rules import NOTHING_YET, Outcome, RuleError, RuleState
from monitor_collector.samples import metric

LOAD = metric("load", instance="web-1")
URL = "http://monitor"


def load_rule(tmp_path: Path, text: str) -> Rule:
    file = tmp_path / "rules.yml"
    file.write_text(f"groups: [{{name: g, rules: [{text}]}}]")
    return read_groups(file)[0].rules[0]


class Play:
    """Evaluates a rule at moments of its own choosing, in seconds."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.head = Head(3600)
        self.state: RuleState = NOTHING_YET

    def at(self, second: int, *values: tuple[Labels, float], held: Collection[Labels] = ()) -> Outcome:
        self.head.append_own("input", list(values), second * 1000)
        outcome = rules.evaluate(self.rule, self.head, second * 1000, self.state, URL, held)
        self.state = outcome.state
        self.head.append_own("output", outcome.samples, second * 1000)
        return outcome

    def states(self) -> list[str]:
        return [alert.state for alert in self.state.alerts.values()]


def told(outcome: Outcome) -> list[bool]:
    return [transition.is_firing for transition in outcome.transitions]


@pytest.fixture
def high(tmp_path: Path) -> Play:
    text = (
        "{alert: High, expr: 'load > 2', for: 3s, labels: {severity: warning}, annotations: {s: 'load {{ $value }}'}}"
    )
    return Play(load_rule(tmp_path, text))


def test_an_alert_is_pending_for_its_time_then_fires_then_is_resolved(high: Play) -> None:
    assert told(high.at(0, (LOAD, 1))) == []
    assert high.states() == []
    assert told(high.at(1, (LOAD, 3))) == []
    assert high.states() == ["pending"]
    assert told(high.at(3, (LOAD, 3))) == []
    fired = high.at(4, (LOAD, 5))
    assert told(fired) == [True]
    alert = fired.transitions[0].alert
    assert alert.labels == (("alertname", "High"), ("instance", "web-1"), ("severity", "warning"))
    assert alert.annotations == (("s", "load 5"),)
    assert (alert.value, alert.active_at_ms, alert.fired_at_ms) == (5, 1000, 4000)
    assert told(high.at(5, (LOAD, 4))) == []
    resolved = high.at(6, (LOAD, 1))
    assert told(resolved) == [False]
    assert resolved.transitions[0].at_ms == 6000
    assert resolved.transitions[0].alert.fired_at_ms == 4000
    assert high.states() == []


def test_a_pending_alert_that_ends_early_is_told_to_nobody_and_starts_over(high: Play) -> None:
    high.at(0, (LOAD, 3))
    assert told(high.at(2, (LOAD, 1))) == []
    high.at(3, (LOAD, 3))
    assert told(high.at(5, (LOAD, 3))) == []
    assert told(high.at(6, (LOAD, 3))) == [True]


def test_without_for_an_alert_fires_at_once(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: High, expr: 'load > 2'}"))
    assert told(play.at(0, (LOAD, 3))) == [True]


def test_an_alert_keeps_firing_for_its_time_after_the_expression_has_ceased(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: High, expr: 'load > 2', keep_firing_for: 5s}"))
    play.at(0, (LOAD, 3))
    assert told(play.at(1, (LOAD, 1))) == []
    assert told(play.at(5, (LOAD, 1))) == []
    assert told(play.at(5, (LOAD, 1))) == []
    assert told(play.at(6, (LOAD, 1))) == [False]


def test_keeping_on_begins_anew_each_time_the_expression_holds(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: High, expr: 'load > 2', keep_firing_for: 5s}"))
    for second, value in ((0, 3), (1, 1), (4, 3), (5, 1), (9, 1)):
        transitions = told(play.at(second, (LOAD, value)))
        assert transitions == ([True] if second == 0 else [])
    assert told(play.at(10, (LOAD, 1))) == [False]


def test_alerts_are_series_too_and_end_with_a_stale_marker(high: Play) -> None:
    labels = {"alertname": "High", "instance": "web-1", "severity": "warning"}
    pending = metric("ALERTS", alertstate="pending", **labels)
    firing = metric("ALERTS", alertstate="firing", **labels)
    for_state = metric("ALERTS_FOR_STATE", **labels)
    assert dict(high.at(10, (LOAD, 3)).samples) == {pending: 1, for_state: 10}
    fired = dict(high.at(13, (LOAD, 3)).samples)
    assert (fired[firing], fired[for_state]) == (1, 10)
    assert struct.pack("<d", fired[pending]) == struct.pack("<Q", 0x7FF0000000000002)
    ended = dict(high.at(14, (LOAD, 1)).samples)
    assert {struct.pack("<d", ended[series]) for series in (firing, for_state)} == {
        struct.pack("<Q", 0x7FF0000000000002)
    }
    assert high.at(15, (LOAD, 1)).samples == []


def test_a_rule_may_refer_to_its_own_alert_to_clear_at_another_level(tmp_path: Path) -> None:
    expression = 'load > 2 or (load > 1 and on (instance) ALERTS{alertname="High", alertstate="firing"})'
    play = Play(load_rule(tmp_path, f"{{alert: High, expr: '{expression}'}}"))
    assert told(play.at(0, (LOAD, 1.5))) == []
    assert told(play.at(1, (LOAD, 3))) == [True]
    assert told(play.at(2, (LOAD, 1.5))) == []
    assert told(play.at(3, (LOAD, 0.5))) == [False]
    assert told(play.at(4, (LOAD, 1.5))) == []


def test_each_series_has_an_alert_of_its_own(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: High, expr: 'load > 2'}"))
    other = metric("load", instance="web-2")
    assert told(play.at(0, (LOAD, 3), (other, 3))) == [True, True]
    resolved = play.at(1, (LOAD, 3), (other, 1)).transitions
    assert [dict(one.alert.labels)["instance"] for one in resolved] == ["web-2"]


def test_labels_are_templates_and_may_not_make_two_alerts_the_same(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: A, expr: load, labels: {instance: '{{ $labels.zone }}'}}"))
    play.at(0, (metric("load", instance="web-1", zone="a"), 1))
    assert [dict(labels)["instance"] for labels in play.state.alerts] == ["a"]
    with pytest.raises(RuleError, match="same labels"):
        play.at(1, (metric("load", instance="web-1", zone="a"), 1), (metric("load", instance="web-2", zone="a"), 1))


def test_a_number_makes_an_alert_without_labels(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: Always, expr: '1'}"))
    assert [one.alert.labels for one in play.at(0).transitions] == [(("alertname", "Always"),)]


def test_a_recording_rule_names_its_results_and_ends_those_that_are_gone(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{record: 'load:double', expr: 'load > 2', labels: {team: ops, instance: ''}}"))
    assert play.at(0, (LOAD, 3)).samples == [(metric("load:double", team="ops"), 3)]
    ((labels, value),) = play.at(1, (LOAD, 1)).samples
    assert labels == metric("load:double", team="ops")
    assert struct.pack("<d", value) == struct.pack("<Q", 0x7FF0000000000002)


def test_what_the_data_does_not_allow_is_an_error_and_the_state_stays(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: A, expr: 'load * on () load > 0'}"))
    play.at(0, (LOAD, 1))
    before = play.state
    with pytest.raises(QueryError):
        play.at(1, (LOAD, 1), (metric("load", instance="web-2"), 1))
    assert play.state is before


def test_after_a_restart_alerts_go_on_where_they_were(high: Play) -> None:
    high.at(0, (LOAD, 3))
    outcome = rules.restored(high.state.alerts)
    assert (
        dict(outcome.samples)[metric("ALERTS_FOR_STATE", alertname="High", instance="web-1", severity="warning")] == 0
    )
    high.state = outcome.state
    assert told(high.at(3, (LOAD, 3))) == [True]


def test_an_alert_that_is_held_is_not_called_resolved(high: Play) -> None:
    for second in (0, 3):
        high.at(second, (LOAD, 3))
    assert told(high.at(400, held=high.state.alerts)) == []
    assert high.states() == ["firing"]
    assert told(high.at(401)) == [False]


def test_the_end_of_a_rule_resolves_what_fires(high: Play) -> None:
    for second in (0, 3):
        high.at(second, (LOAD, 3))
    outcome = rules.end(high.state, 4000)
    assert told(outcome) == [False]
    assert (outcome.state, len(outcome.samples)) == (NOTHING_YET, 2)


def test_an_alert_whose_text_cannot_be_made_rings_all_the_same(tmp_path: Path) -> None:
    text = "{alert: A, expr: load, labels: {a: '{{ toUpper $value }}'}, annotations: {s: '{{ query `none` | first }}'}}"
    play = Play(load_rule(tmp_path, text))
    (transition,) = play.at(0, (LOAD, 3)).transitions
    assert dict(transition.alert.labels)["a"].startswith(
        "<error expanding template: error executing template __alert_A"
    )
    assert dict(transition.alert.annotations)["s"].endswith("first() called on vector with no elements>")


def test_templates_may_query_at_the_moment_of_the_rule(tmp_path: Path) -> None:
    annotation = (
        "{{ range query `load` }}{{ .Labels.instance }}={{ .Value }} {{ end }}{{ query `time()` | first | value }}"
    )
    play = Play(load_rule(tmp_path, f"{{alert: A, expr: 'load > 2', annotations: {{s: '{annotation}'}}}}"))
    (transition,) = play.at(5, (metric("load", instance="web-2"), 1), (LOAD, 3)).transitions
    assert dict(transition.alert.annotations)["s"] == "web-1=3 web-2=1 5"


def test_templates_know_the_name_of_the_metric_and_the_outside(tmp_path: Path) -> None:
    annotation = "{{ $labels.__name__ }} {{ $externalLabels.region }} {{ externalURL }}"
    play = Play(load_rule(tmp_path, f"{{alert: A, expr: load, annotations: {{s: '{annotation}'}}}}"))
    play.head.append_own("input", [(LOAD, 3)], 0)
    outcome = rules.evaluate(play.rule, play.head, 0, NOTHING_YET, URL, external_labels={"region": "eu"})
    assert dict(outcome.transitions[0].alert.annotations)["s"] == f"load eu {URL}"


def test_a_recording_that_gives_another_series_ends_the_one_before_and_takes_it_up_again(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{record: 'a', expr: 'load > 2', labels: {k: v}}"))
    other = metric("load", instance="web-2")
    first, second = (metric("a", instance=instance, k="v") for instance in ("web-1", "web-2"))
    assert play.at(0, (LOAD, 3), (other, 1)).samples == [(first, 3)]
    assert play.at(1, (LOAD, 4), (other, 1)).samples == [(first, 4)]
    (recorded, ended) = play.at(2, (LOAD, 1), (other, 5)).samples
    assert recorded == (second, 5)
    assert ended[0] == first
    assert struct.pack("<d", ended[1]) == struct.pack("<Q", 0x7FF0000000000002)
    assert play.at(3, (LOAD, 6), (other, 7)).samples == [(first, 6), (second, 7)]


def test_a_rule_that_has_changed_gives_what_it_says_now(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{record: a, expr: load, labels: {k: v}}"))
    before = play.at(0, (LOAD, 3)).samples
    play.rule = load_rule(tmp_path, "{record: a, expr: load, labels: {k: w}}")
    changed, ended = play.at(1, (LOAD, 3)).samples
    assert changed == (metric("a", instance="web-1", k="w"), 3)
    assert ended[0] == before[0][0]
    play = Play(load_rule(tmp_path, "{alert: A, expr: load, annotations: {s: old}}"))
    play.at(0, (LOAD, 3))
    play.rule = load_rule(tmp_path, "{alert: A, expr: load, annotations: {s: new}}")
    play.at(1, (LOAD, 3))
    (alert,) = play.state.alerts.values()
    assert alert.annotations == (("s", "new"),)


@pytest.mark.parametrize("rule", ["{alert: A, expr: load}", "{record: a, expr: load}"])
def test_more_results_than_the_limit_are_an_error(tmp_path: Path, rule: str) -> None:
    play = Play(load_rule(tmp_path, rule))
    play.head.append_own("input", [(LOAD, 3), (metric("load", instance="web-2"), 3)], 0)
    assert rules.evaluate(play.rule, play.head, 0, NOTHING_YET, URL, limit=2).samples
    with pytest.raises(RuleError, match="its group has the limit 1"):
        rules.evaluate(play.rule, play.head, 0, NOTHING_YET, URL, limit=1)


def test_an_offset_looks_at_older_data_while_alerts_count_from_now(tmp_path: Path) -> None:
    play = Play(load_rule(tmp_path, "{alert: A, expr: 'load > 2'}"))
    play.head.append_own("input", [(LOAD, 3)], 0)
    play.head.append_own("input", [(LOAD, 1)], 20_000)
    (transition,) = rules.evaluate(play.rule, play.head, 30_000, NOTHING_YET, URL, query_offset_ms=20_000).transitions
    assert (transition.alert.value, transition.alert.active_at_ms) == (3, 30_000)
    assert rules.evaluate(play.rule, play.head, 30_000, NOTHING_YET, URL).transitions == []
