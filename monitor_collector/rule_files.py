"""Prometheus rule files: groups of recording and alerting rules, checked in full when they are loaded.

What Prometheus 3 reads is read and what it refuses is refused (model/rulefmt/rulefmt.go), with three exceptions: names
are those of the text format (letters, digits, _), an expression must give a vector or a number, and a file holds one
YAML document. https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from monitor_collector.documents import ConfigError, Key, Located
from monitor_collector.durations import duration_ms
from monitor_collector.go_yaml import GoChecker, entries, integer, text, texts
from monitor_collector.promql import METRIC_NAME, Expression, QueryError, parse
from monitor_collector.templates import Template, TemplateError

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class AlertingRule(NamedTuple):
    """`key` tells the rule from all others, and is the same after a reload or restart. Times in milliseconds.
    `labels` are the group's and the rule's own."""

    key: str
    name: str
    query: str
    expression: Expression
    for_ms: int
    keep_firing_for_ms: int
    labels: Mapping[str, Template]
    annotations: Mapping[str, Template]


class RecordingRule(NamedTuple):
    """`name` is the metric that the results are stored as. `labels` are the group's and the rule's own."""

    key: str
    name: str
    query: str
    expression: Expression
    labels: Mapping[str, str]


Rule = AlertingRule | RecordingRule


class RuleGroup(NamedTuple):
    """Rules that are evaluated one after the other; without `interval_ms`, as often as the collector evaluates.

    Expressions are evaluated, and results stored, `query_offset_ms` in the past. A rule with more than `limit` results
    fails; 0 is no limit. `labels` are part of the rules' already.
    """

    file: str
    name: str
    interval_ms: int | None
    rules: tuple[Rule, ...]
    limit: int = 0
    query_offset_ms: int = 0
    labels: Mapping[str, str] = {}


def _duration(value: Any) -> int:
    return 0 if value is None else duration_ms(value)


_GROUP_KEYS = {
    "name": Key(text),
    "interval": Key(_duration, 0),
    "query_offset": Key(_duration, 0),
    "limit": Key(integer, 0),
    "labels": Key(texts, {}),
    "rules": Key(entries, []),
}
_RULE_KEYS = {
    "record": Key(text, ""),
    "alert": Key(text, ""),
    "expr": Key(text, ""),
    "for": Key(_duration, 0),
    "keep_firing_for": Key(_duration, 0),
    "labels": Key(texts, {}),
    "annotations": Key(texts, {}),
}
_ONLY_OF_ALERTS = ("for", "keep_firing_for", "annotations")


def read_groups(file: Path) -> tuple[RuleGroup, ...]:
    """The groups of a file. Raises ConfigError naming file, line, group and rule of each problem."""
    checker = GoChecker(file)
    content = checker.load()
    groups: list[RuleGroup] = []
    if content is not None and not checker.problems:
        for entry in checker.read(content, {"groups": Key(entries, [])}, line=1).get("groups", []):
            group = _read_group(checker, entry)
            if group is None:
                continue
            if any(group.name == other.name for other in groups):
                where = f"group {group.name}"
                checker.add(entry.line, where, "is there twice in this file; give each group a name of its own")
            groups.append(group)
    if checker.problems:
        raise ConfigError(checker.problems)
    return tuple(groups)


def duplicates(groups: Iterable[RuleGroup]) -> list[str]:
    """A line for each rule that has the name and labels of another one, so that both write the same series."""
    counts: Counter[str] = Counter()
    for group in groups:
        for rule in group.rules:
            labels = {name: value.text if isinstance(value, Template) else value for name, value in rule.labels.items()}
            shown = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
            counts[f"{rule.name}{{{shown}}}"] += 1
    return [f"{series} comes from {count} rules" for series, count in counts.items() if count > 1]


def _read_group(checker: GoChecker, entry: Any) -> RuleGroup | None:
    name = entry.get("name") if isinstance(entry, dict) else None
    where = f"group {name}" if isinstance(name, str) and name else "a group"
    values = checker.read(entry, _GROUP_KEYS, where)
    if not isinstance(entry, Located):
        return None
    if values.get("name") == "":
        checker.add(entry.line, f"{where}: name", "must not be empty")
    labels = values.get("labels", {})
    _check_names(checker, labels, entry, f"{where}: labels", "labels", (METRIC_NAME,))
    names: Counter[str] = Counter()
    rules: list[Rule] = []
    for number, rule_entry in enumerate(values.get("rules", []), 1):
        reader = _RuleReader(checker, rule_entry, where, number)
        names[reader.name] += 1
        rule = reader.rule(f"{checker.path.name};{name};{reader.name};{names[reader.name]}", labels)
        if rule is not None:
            rules.append(rule)
    if len(values) < len(_GROUP_KEYS):
        return None
    limits = values["limit"], values["query_offset"], labels
    return RuleGroup(checker.path.name, values["name"], values["interval"] or None, tuple(rules), *limits)


def _check_names(
    checker: GoChecker, labels: Mapping[str, str], entry: Located, where: str, key: str, reserved: Iterable[str]
) -> None:
    mapping = entry.get(key)
    for name in labels:
        if not _LABEL_NAME.fullmatch(name) or name in reserved:
            checker.add(mapping.lines[name], where, f"{name!r} cannot be used as a name here")


class _RuleReader:
    def __init__(self, checker: GoChecker, entry: Any, group: str, number: int) -> None:
        self._checker = checker
        self._problems_before = len(checker.problems)
        self._entry = entry
        named = entry if isinstance(entry, dict) else {}
        names = [name for name in (named.get("alert"), named.get("record")) if isinstance(name, str) and name]
        self.name = str(names[0]) if names else ""
        self._where = f"{group}, rule {self.name or number}"
        self._values = checker.read(entry, _RULE_KEYS, self._where)

    def rule(self, key: str, group_labels: Mapping[str, str]) -> Rule | None:
        """None where there is a problem."""
        values = self._values
        if not values:
            return None
        if bool(values.get("alert")) == bool(values.get("record")):
            self._add("alert", "a rule has either the key alert or the key record")
        expression = self._expression(values.get("expr", ""))
        self._names("labels", (METRIC_NAME,))
        self._names("annotations", ())
        if values.get("record"):
            self._check_recording()
            rest = {**group_labels, **values.get("labels", {})}
        else:
            rest = self._templates("labels", {**group_labels, **values.get("labels", {})})
            annotations = self._templates("annotations", values.get("annotations", {}))
        if len(self._checker.problems) > self._problems_before or expression is None:
            return None
        if values["record"]:
            return RecordingRule(key, self.name, values["expr"], expression, rest)
        waits = values["for"], values["keep_firing_for"]
        return AlertingRule(key, self.name, values["expr"], expression, *waits, rest, annotations)

    def _add(self, key: str, what: str) -> None:
        line = self._entry.lines.get(key, self._entry.line)
        self._checker.add(line, f"{self._where}: {key}", what)

    def _check_recording(self) -> None:
        for key in _ONLY_OF_ALERTS:
            if self._values.get(key):
                self._add(key, "is for alerting rules; this one records")
        if not _METRIC_NAME.fullmatch(self._values["record"]):
            self._add("record", f"{self._values['record']!r} is no metric name, for example instance:load:ratio")

    def _expression(self, query: str) -> Expression | None:
        if not query:
            if "expr" in self._values:
                self._add("expr", "is missing; write for example expr: up == 0")
            return None
        try:
            expression = parse(query)
        except QueryError as error:
            self._add("expr", str(error))
            return None
        if expression.value_type not in ("vector", "scalar"):
            self._add("expr", f"gives a {expression.value_type}; a rule needs a vector or a number")
            return None
        return expression

    def _names(self, key: str, reserved: Iterable[str]) -> None:
        names = self._values.get(key, {})
        _check_names(self._checker, names, self._entry, f"{self._where}: {key}", key, reserved)

    def _templates(self, key: str, contents: Mapping[str, str]) -> dict[str, Template]:
        templates = {}
        for name, content in contents.items():
            try:
                templates[name] = Template(content)
            except TemplateError as error:
                self._add(key, f"{name}: {error}")
        return templates
