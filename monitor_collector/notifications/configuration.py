"""Reads `receivers.yml`: receivers, the routing tree, inhibition, time intervals and the heartbeat.

Keys and their meaning are those of Alertmanager's configuration file. The defaults differ: alerts are told at once
(`group_wait` and `group_interval` are 0s), and where there is no `route`, every receiver is told of every alert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from monitor_collector.documents import Checker, ConfigError, Key, anything, text
from monitor_collector.durations import duration_ms
from monitor_collector.notifications.flapping import Flapping
from monitor_collector.notifications.inhibition import InhibitRule
from monitor_collector.notifications.matchers import checked, parse_matchers, text_of
from monitor_collector.notifications.policy import Policy
from monitor_collector.notifications.receivers import Receiver, ReceiverReader
from monitor_collector.notifications.routing import Route
from monitor_collector.notifications.time_intervals import read_time_intervals
from monitor_collector.promql.matchers import Matcher

_LABEL_NAME = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_ALL_LABELS = "..."


def read_policy(file: Path) -> Policy:
    """Raises ConfigError with every problem of the file; no secret is part of one."""
    checker = Checker(file)
    content = checker.load_mapping()
    if content is None:
        raise ConfigError(checker.problems)
    optional = ("route", "inhibit_rules", "time_intervals", "heartbeat", "flapping")
    keys = {"receivers": Key(anything), **{name: Key(anything, None) for name in optional}}
    values = {**dict.fromkeys(optional), **checker.read(content, keys)}
    reader = ReceiverReader(checker)
    receivers = reader.receivers(values.get("receivers"), content.lines.get("receivers"))
    intervals = {}
    if values["time_intervals"] is not None:
        intervals = read_time_intervals(checker, values["time_intervals"], content.lines["time_intervals"])
    heartbeat = None
    if values["heartbeat"] is not None:
        heartbeat = reader.heartbeat(values["heartbeat"], content.lines["heartbeat"])
    routes = _RouteReader(checker, receivers, intervals)
    flapping = routes.flapping(values["flapping"], "flapping", content.lines.get("flapping"))
    if values["route"] is None:
        root = to_everybody(receivers, flapping)
    else:
        root = routes.root(values["route"], content.lines["route"], flapping)
    rules = _inhibit_rules(checker, values["inhibit_rules"], content.lines.get("inhibit_rules"))
    if checker.problems:
        raise ConfigError(checker.problems)
    return Policy(receivers, root, rules, intervals, heartbeat)


def to_everybody(receivers: Iterable[Receiver], flapping: Flapping | None = None) -> Route:
    """The tree that tells every receiver of every alert."""
    leaves = [Route("{}", receiver.name, continues=True, flapping=flapping) for receiver in receivers]
    return Route("{}", "", flapping=flapping, routes=tuple(leaves))


class _RouteReader:
    def __init__(self, checker: Checker, receivers: Iterable[Receiver], intervals: Iterable[str]) -> None:
        self._checker = checker
        self._receivers = {receiver.name for receiver in receivers}
        self._intervals = set(intervals)
        self._ids: set[str] = set()

    def root(self, entry: Any, line: int | None, flapping: Flapping | None) -> Route:
        if isinstance(entry, dict):
            if "receiver" not in entry:
                self._checker.add(entry.line, "route: receiver", "is missing; the root route needs a default receiver")
            for key in ("matchers", "match", "match_re", "continue", "mute_time_intervals", "active_time_intervals"):
                if key in entry:
                    what = "cannot stand at the root route, which every alert passes; move it to one of its routes"
                    self._checker.add(entry.lines[key], f"route: {key}", what)
        return self._route(entry, line, "route", Route("", "", flapping=flapping))

    def _route(self, entry: Any, line: int | None, where: str, parent: Route) -> Route:
        names = ("receiver", "group_by", "matchers", "match", "match_re", "mute_time_intervals")
        names += ("active_time_intervals", "flapping", "routes")
        keys = {
            **{name: Key(anything, None) for name in names},
            "group_wait": Key(duration_ms, parent.group_wait_ms),
            "group_interval": Key(duration_ms, parent.group_interval_ms),
            "repeat_interval": Key(_longer_than_zero, parent.repeat_interval_ms),
            "continue": Key(_yes_or_no, False),
        }
        found = self._checker.read(entry, keys, where, line)
        if len(found) < len(keys):
            return parent
        matchers = _matchers(self._checker, entry, "matchers", "match", "match_re", where)
        route = parent._replace(
            id=self._id(f"{parent.id}/{text_of(matchers)}" if parent.id else "{}"),
            receiver=self._receiver(entry, found["receiver"], where, parent.receiver),
            matchers=matchers,
            group_by=self._group_by(entry, found["group_by"], where, parent.group_by),
            group_wait_ms=found["group_wait"],
            group_interval_ms=found["group_interval"],
            repeat_interval_ms=found["repeat_interval"],
            continues=found["continue"],
            mute_time_intervals=self._names(entry, "mute_time_intervals", where),
            active_time_intervals=self._names(entry, "active_time_intervals", where),
            routes=(),
        )
        if "flapping" in entry:
            flapping = self.flapping(found["flapping"], f"{where}: flapping", entry.lines["flapping"])
            route = route._replace(flapping=flapping)
        children = found["routes"]
        if children is None:
            return route
        listed = self._checker.read_list(children, f"{where}: routes", entry.lines["routes"])
        routes = [
            self._route(child, entry.lines["routes"], f"{where}, route {number}", route)
            for number, child in enumerate(listed, 1)
        ]
        return route._replace(routes=tuple(routes))

    def _id(self, path: str) -> str:
        """The path, with a number where another route has the same, since routes do not share groups."""
        number = 1
        unique = path
        while unique in self._ids:
            number += 1
            unique = f"{path}#{number}"
        self._ids.add(unique)
        return unique

    def _receiver(self, entry: Any, name: Any, where: str, inherited: str) -> str:
        if name is None:
            return inherited
        if name not in self._receivers:
            known = ", ".join(sorted(self._receivers)) or "none"
            self._checker.add(
                entry.lines["receiver"], f"{where}: receiver", f"{name!r} is no receiver; there are {known}"
            )
        return str(name)

    def _group_by(
        self, entry: Any, value: Any, where: str, inherited: tuple[str, ...] | None
    ) -> tuple[str, ...] | None:
        if value is None:
            return inherited
        place, line = f"{where}: group_by", entry.lines["group_by"]
        names = self._checker.read_list(value, place, line)
        if names == [_ALL_LABELS]:
            return None
        for name in names:
            if name == _ALL_LABELS:
                self._checker.add(line, place, "'...' stands for all labels and has no other beside it")
            elif not isinstance(name, str) or not _LABEL_NAME.fullmatch(name):
                self._checker.add(
                    line, place, f"{name!r} is no name of a label; write for example [alertname, instance]"
                )
        if len({*map(str, names)}) < len(names):
            self._checker.add(line, place, "names a label twice")
        return tuple(map(str, names))

    def _names(self, entry: Any, key: str, where: str) -> tuple[str, ...]:
        if entry.get(key) is None:
            return ()
        names = self._checker.read_list(entry[key], f"{where}: {key}", entry.lines[key])
        for name in names:
            if name not in self._intervals:
                self._checker.add(entry.lines[key], f"{where}: {key}", f"{name!r} is not one of the time_intervals")
        return tuple(map(str, names))

    def flapping(self, value: Any, where: str, line: int | None) -> Flapping | None:
        if value is None or value is False:
            return None
        keys = {"changes": Key(_changes), "window": Key(_longer_than_zero)}
        found = self._checker.read(value, keys, where, line)
        return Flapping(found["changes"], found["window"]) if len(found) == len(keys) else None


def _inhibit_rules(checker: Checker, entries: Any, line: int | None) -> tuple[InhibitRule, ...]:
    found = []
    for number, entry in enumerate(checker.read_list(entries, "inhibit_rules", line) if entries else [], 1):
        where = f"inhibit_rules {number}"
        sides = {"source": ("source_matchers", "source_match", "source_match_re")}
        sides["target"] = ("target_matchers", "target_match", "target_match_re")
        keys = {name: Key(anything, None) for names in sides.values() for name in names}
        values = checker.read(entry, {**keys, "equal": Key(_label_names, ())}, where, line)
        if len(values) < len(keys) + 1:
            continue
        source, target = (_matchers(checker, entry, *names, where) for names in sides.values())
        for side, matchers in (("source", source), ("target", target)):
            if not matchers:
                checker.add(entry.line, f"{where}: {side}_matchers", "is missing; without, it would be every alert")
        found.append(InhibitRule(source, target, values["equal"]))
    return tuple(found)


def _matchers(
    checker: Checker, entry: Any, texts_key: str, equal_key: str, pattern_key: str, where: str
) -> tuple[Matcher, ...]:
    """The conditions of an entry, in the form of today and in the older two."""
    found: list[Matcher] = []
    texts = entry.get(texts_key)
    for each in checker.read_list(texts, f"{where}: {texts_key}", entry.lines[texts_key]) if texts is not None else []:
        try:
            found += parse_matchers(each)
        except ValueError as error:
            checker.add(entry.lines[texts_key], f"{where}: {texts_key}", f"{each!r} {error}")
    for key, op in ((equal_key, "="), (pattern_key, "=~")):
        if entry.get(key) is None:
            continue
        if not isinstance(entry[key], dict):
            checker.add(entry.lines[key], f"{where}: {key}", "must be a mapping, for example {severity: critical}")
            continue
        for name, value in entry[key].items():
            try:
                found.append(checked(text(name), op, str(value)))
            except ValueError as error:
                checker.add(entry.lines[key], f"{where}: {key}: {name}", f"{value!r} {error}")
    return tuple(sorted(found))


def _longer_than_zero(value: Any) -> int:
    milliseconds = duration_ms(value)
    if not milliseconds:
        raise ValueError("must be longer than that, for example 4h")
    return milliseconds


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _changes(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 2 <= value <= 1000:
        raise ValueError("must be a whole number from 2 to 1000, for example 10")
    return value


def _label_names(value: Any) -> tuple[str, ...]:
    names = value if isinstance(value, list) else []
    if not names or not all(isinstance(name, str) and _LABEL_NAME.fullmatch(name) for name in names):
        raise ValueError("must be a list of names of labels, for example [instance]")
    return tuple(names)
