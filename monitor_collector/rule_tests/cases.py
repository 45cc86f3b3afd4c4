"""A file of tests in promtool's format, checked when it is read.

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from monitor_collector.documents import ConfigError, Key, Located
from monitor_collector.durations import duration_ms
from monitor_collector.go_yaml import GoChecker, boolean, entries, floating, text, texts
from monitor_collector.promql import Labels
from monitor_collector.rule_files import RuleGroup, read_groups
from monitor_collector.rule_tests.series_notation import read_labels, read_values

_DEFAULT_INTERVAL_MS = 60_000


class InputSeries(NamedTuple):
    """One value every interval of the test from time 0; None for no sample."""

    labels: Labels
    values: list[float | None]


class ExpectedAlert(NamedTuple):
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class AlertCase(NamedTuple):
    """The alerts of one name that must fire, and no others, at a moment."""

    line: int
    at_ms: int
    name: str
    alerts: tuple[ExpectedAlert, ...]


class QueryCase(NamedTuple):
    """What a query must give at a moment."""

    line: int
    at_ms: int
    query: str
    samples: tuple[tuple[Labels, float], ...]


class RuleTest(NamedTuple):
    """One simulation with its cases; `name` may be ""."""

    line: int
    name: str
    interval_ms: int
    series: tuple[InputSeries, ...]
    alert_cases: tuple[AlertCase, ...]
    query_cases: tuple[QueryCase, ...]
    external_labels: Mapping[str, str]
    external_url: str


class RuleTestFile(NamedTuple):
    """`groups` are those of the rule files, in the order in which they are evaluated; `warnings` are for people."""

    path: Path
    evaluation_interval_ms: int
    is_fuzzy: bool
    groups: tuple[RuleGroup, ...]
    tests: tuple[RuleTest, ...]
    warnings: tuple[str, ...]


def _duration(value: Any) -> int:
    return 0 if value is None else duration_ms(value)


def _labels(value: Any) -> Labels:
    return read_labels(text(value))


def _values(value: Any) -> list[float | None]:
    return read_values(text(value))


_FILE_KEYS = {
    "rule_files": Key(entries, []),
    "evaluation_interval": Key(_duration, 0),
    "group_eval_order": Key(entries, []),
    "fuzzy_compare": Key(boolean, False),
    "tests": Key(entries, []),
}
_TEST_KEYS = {
    "name": Key(text, ""),
    "interval": Key(_duration, 0),
    "input_series": Key(entries, []),
    "alert_rule_test": Key(entries, []),
    "promql_expr_test": Key(entries, []),
    "external_labels": Key(texts, {}),
    "external_url": Key(text, ""),
}
_SERIES_KEYS = {"series": Key(_labels), "values": Key(_values, [])}
_ALERT_CASE_KEYS = {"eval_time": Key(_duration, 0), "alertname": Key(text), "exp_alerts": Key(entries, [])}
_ALERT_KEYS = {"exp_labels": Key(texts, {}), "exp_annotations": Key(texts, {})}
_QUERY_CASE_KEYS = {"expr": Key(text), "eval_time": Key(_duration, 0), "exp_samples": Key(entries, [])}
_SAMPLE_KEYS = {"labels": Key(_labels), "value": Key(floating, 0.0)}


def read_tests(path: Path) -> RuleTestFile:
    """The file with the rules that it names. ConfigError with every problem of all of these files."""
    checker = GoChecker(path)
    content = checker.load()
    values = {name: key.default for name, key in _FILE_KEYS.items()}
    if content is not None:
        values = checker.read(content, _FILE_KEYS, line=1)
    interval_ms = values.get("evaluation_interval") or _DEFAULT_INTERVAL_MS
    order = [str(name) for name in values.get("group_eval_order", [])]
    for name in sorted({name for name in order if order.count(name) > 1}):
        checker.add(content.lines["group_eval_order"], "group_eval_order", f"has {name} twice")
    tests = tuple(_read_test(checker, entry, interval_ms) for entry in values.get("tests", []))
    groups, warnings = _read_rules(checker, values.get("rule_files", []), order)
    if checker.problems:
        raise ConfigError(checker.problems)
    return RuleTestFile(path, interval_ms, values["fuzzy_compare"], groups, tests, tuple(warnings))


def _read_rules(checker: GoChecker, patterns: list[Any], order: list[str]) -> tuple[tuple[RuleGroup, ...], list[str]]:
    groups: list[RuleGroup] = []
    warnings: list[str] = []
    files: dict[Path, None] = {}
    for pattern in patterns:
        # Path.glob takes no absolute pattern.
        found = sorted(glob.glob(str(checker.path.parent / str(pattern))))  # noqa: PTH207
        files |= dict.fromkeys(map(Path, found))
        if not found:
            warnings.append(f"{checker.path}: rule_files: there is no file {pattern}")
    for file in files:
        try:
            groups += read_groups(file)
        except ConfigError as error:
            checker.problems += error.problems
    # What is not named comes together with the first, as in promtool.
    place = {name: position for position, name in enumerate(order)}
    return tuple(sorted(groups, key=lambda group: place.get(group.name, 0))), warnings


def _read_test(checker: GoChecker, entry: Any, interval_ms: int) -> RuleTest:
    name = entry.get("name") if isinstance(entry, dict) else None
    where = f"test {name}" if name else "a test"
    values = checker.read(entry, _TEST_KEYS, where)
    line = entry.line if isinstance(entry, Located) else 0
    series = [checker.read(one, _SERIES_KEYS, f"{where}: input_series") for one in values.get("input_series", [])]
    return RuleTest(
        line,
        values.get("name", ""),
        values.get("interval") or interval_ms,
        tuple(InputSeries(one["series"], one["values"]) for one in series if len(one) == len(_SERIES_KEYS)),
        tuple(_alert_case(checker, one, where) for one in values.get("alert_rule_test", [])),
        tuple(_query_case(checker, one, where) for one in values.get("promql_expr_test", [])),
        values.get("external_labels", {}),
        values.get("external_url", ""),
    )


def _alert_case(checker: GoChecker, entry: Any, where: str) -> AlertCase:
    where = f"{where}: alert_rule_test"
    values = checker.read(entry, _ALERT_CASE_KEYS, where)
    name = values.get("alertname", "")
    if "alertname" in values and not name:
        checker.add(entry.lines["alertname"], f"{where}: alertname", "is missing")
    alerts = [checker.read(one, _ALERT_KEYS, f"{where}: {name}") for one in values.get("exp_alerts", [])]
    expected = tuple(
        ExpectedAlert({**one.get("exp_labels", {}), "alertname": name}, one.get("exp_annotations", {}))
        for one in alerts
    )
    return AlertCase(getattr(entry, "line", 0), values.get("eval_time", 0), name, expected)


def _query_case(checker: GoChecker, entry: Any, where: str) -> QueryCase:
    where = f"{where}: promql_expr_test"
    values = checker.read(entry, _QUERY_CASE_KEYS, where)
    samples = [checker.read(one, _SAMPLE_KEYS, where) for one in values.get("exp_samples", [])]
    expected = tuple((one["labels"], one["value"]) for one in samples if len(one) == len(_SAMPLE_KEYS))
    return QueryCase(getattr(entry, "line", 0), values.get("eval_time", 0), values.get("expr", ""), expected)
