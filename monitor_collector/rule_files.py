"""Prometheus rule files: groups of recording and alerting rules, checked in full when they are loaded.

https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from monitor_collector.documents import Checker, ConfigError, Key, anything, text
from monitor_collector.durations import duration_ms
from monitor_collector.promql import Expression, QueryError, parse
from monitor_collector.templates import Template, TemplateError

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class AlertingRule(NamedTuple):
    """`key` tells the rule from all others, and is the same after a reload or restart. Times in milliseconds."""

    key: str
    name: str
    query: str
    expression: Expression
    for_ms: int
    keep_firing_for_ms: int
    labels: Mapping[str, Template]
    annotations: Mapping[str, Template]


class RecordingRule(NamedTuple):
    """`name` is the metric that the results are stored as."""

    key: str
    name: str
    query: str
    expression: Expression
    labels: Mapping[str, str]


Rule = AlertingRule | RecordingRule


class RuleGroup(NamedTuple):
    """Rules that are evaluated one after the other; without `interval_ms`, as often as the collector evaluates."""

    file: str
    name: str
    interval_ms: int | None
    rules: tuple[Rule, ...]


_COMMON_KEYS = {"expr": Key(anything), "labels": Key(anything, None)}
_ALERT_KEYS = {
    "alert": Key(text),
    **_COMMON_KEYS,
    "for": Key(duration_ms, 0),
    "keep_firing_for": Key(duration_ms, 0),
    "annotations": Key(anything, None),
}
_RECORD_KEYS = {"record": Key(text), **_COMMON_KEYS}


def read_groups(file: Path) -> tuple[RuleGroup, ...]:
    """The groups of a file. Raises ConfigError naming file, line, group and rule of each problem."""
    checker = Checker(file)
    content = checker.load_mapping()
    groups: list[RuleGroup] = []
    if content is not None:
        entries = checker.read(content, {"groups": Key(anything)}).get("groups")
        for entry in checker.read_list(entries, "groups", content.line) if entries is not None else []:
            name = entry.get("name") if isinstance(entry, dict) else None
            where = f"group {name}" if name else "a group"
            keys = {"name": Key(text), "interval": Key(duration_ms, None), "rules": Key(anything, None)}
            values = checker.read(entry, keys, where)
            if len(values) < len(keys):
                continue
            if any(group.name == name for group in groups):
                checker.add(entry.line, where, "is there twice in this file; give each group a name of its own")
            rules = _read_rules(checker, values["rules"] or [], where, entry.lines.get("rules"), f"{file.name};{name}")
            groups.append(RuleGroup(file.name, values["name"], values["interval"] or None, rules))
    if checker.problems:
        raise ConfigError(checker.problems)
    return tuple(groups)


def _read_rules(checker: Checker, entries: Any, where: str, line: int | None, key: str) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    names: Counter[str] = Counter()
    for entry in checker.read_list(entries, where, line):
        if not isinstance(entry, dict) or ("alert" in entry) == ("record" in entry):
            checker.add(getattr(entry, "line", line), where, "a rule has either the key alert or the key record")
            continue
        name = str(entry.get("alert") or entry.get("record"))
        names[name] += 1
        reader = _RuleReader(checker, entry, f"{where}, rule {name}", f"{key};{name};{names[name]}")
        rule = reader.alerting_rule() if "alert" in entry else reader.recording_rule()
        if rule is not None:
            rules.append(rule)
    return tuple(rules)


class _RuleReader:
    def __init__(self, checker: Checker, entry: Any, where: str, key: str) -> None:
        self._checker, self._entry, self._where, self._key = checker, entry, where, key
        self._problems_before = len(checker.problems)

    def alerting_rule(self) -> AlertingRule | None:
        values = self._checker.read(self._entry, _ALERT_KEYS, self._where)
        expression = self._expression(values.get("expr"))
        labels = self._templates("labels", values.get("labels"), ("__name__", "alertname"))
        annotations = self._templates("annotations", values.get("annotations"), ())
        if len(self._checker.problems) > self._problems_before or expression is None:
            return None
        waits = values["for"], values["keep_firing_for"]
        return AlertingRule(self._key, values["alert"], str(values["expr"]), expression, *waits, labels, annotations)

    def recording_rule(self) -> RecordingRule | None:
        values = self._checker.read(self._entry, _RECORD_KEYS, self._where)
        expression = self._expression(values.get("expr"))
        if not _METRIC_NAME.fullmatch(values.get("record", "")):
            self._add("record", f"{values.get('record')!r} is no metric name, for example instance:load:ratio")
        templates = self._templates("labels", values.get("labels"), ("__name__",))
        labels = {name: template.text for name, template in templates.items()}
        if len(self._checker.problems) > self._problems_before or expression is None:
            return None
        return RecordingRule(self._key, values["record"], str(values["expr"]), expression, labels)

    def _add(self, key: str, what: str) -> None:
        self._checker.add(self._entry.lines.get(key), f"{self._where}: {key}", what)

    def _expression(self, query: Any) -> Expression | None:
        if query is None:
            return None
        if not isinstance(query, str | int | float) or isinstance(query, bool):
            self._add("expr", "must be an expression, for example up == 0")
            return None
        try:
            expression = parse(str(query))
        except QueryError as error:
            self._add("expr", str(error))
            return None
        if expression.value_type not in ("vector", "scalar"):
            self._add("expr", f"gives a {expression.value_type}; a rule needs a vector or a number")
            return None
        return expression

    def _templates(self, key: str, mapping: Any, reserved: tuple[str, ...]) -> dict[str, Template]:
        if mapping is None:
            return {}
        if not isinstance(mapping, dict):
            self._add(key, "must be a mapping, for example severity: warning")
            return {}
        templates = {}
        for name, content in mapping.items():
            if not isinstance(name, str) or not _LABEL_NAME.fullmatch(name) or name in reserved:
                self._add(key, f"{name!r} cannot be used as a name here")
            elif isinstance(content, dict | list) or content is None:
                self._add(key, f"{name} must be a text")
            else:
                try:
                    templates[name] = Template(str(content))
                except TemplateError as error:
                    self._add(key, f"{name}: {error}")
        return templates
