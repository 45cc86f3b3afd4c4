"""Reads `probes.yml`: what is to be measured from outside, and how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import h11
import re2

from monitor_collector.documents import Checker, ConfigError, Key, anything, http_address, path, positive, text
from monitor_collector.probes.dns import DnsCheck
from monitor_collector.probes.dns_message import TYPES, DnsError, question
from monitor_collector.probes.http import HttpCheck
from monitor_collector.probes.measured import Check, split_address
from monitor_collector.probes.ping import PingCheck
from monitor_collector.probes.tcp import TcpCheck

_OK = frozenset(range(200, 300))


class Probe(NamedTuple):
    """`instance` is the host that is measured; `name` tells its probes apart."""

    instance: str
    name: str
    interval_seconds: float
    timeout_seconds: float
    check: Check


def read_probes(file: Path) -> tuple[Probe, ...]:
    """Raises ConfigError."""
    checker = Checker(file)
    content = checker.load_mapping()
    found: dict[tuple[str, str], Probe] = {}
    if content is not None:
        entries = checker.read(content, {"probes": Key(anything, [])}).get("probes") or []
        for number, entry in enumerate(checker.read_list(entries, "probes", content.lines.get("probes")), 1):
            probe = _probe(checker, entry, number)
            if probe is None:
                continue
            if (probe.instance, probe.name) in found:
                where = f"{probe.name} of {probe.instance}"
                checker.add(entry.line, where, "is there twice: give one of them another name")
            found[probe.instance, probe.name] = probe
    if checker.problems:
        raise ConfigError(checker.problems)
    return tuple(found.values())


def _probe(checker: Checker, entry: Any, number: int) -> Probe | None:
    before = len(checker.problems)
    keys = {
        "instance": Key(text),
        "name": Key(text, ""),
        "interval_seconds": Key(positive, 5),
        "timeout_seconds": Key(positive, None),
        **{kind: Key(anything, None) for kind in _CHECKS},
    }
    where = f"probe {number}"
    values = checker.read(entry, keys, where)
    if len(checker.problems) > before:
        return None
    kinds = [kind for kind in _CHECKS if values[kind] is not None]
    if len(kinds) != 1:
        checker.add(entry.line, where, f"must have one of {', '.join(_CHECKS)}")
        return None
    (kind,) = kinds
    check = _CHECKS[kind](checker, values[kind], f"{where}: {kind}", entry.lines[kind])
    interval = values["interval_seconds"]
    timeout = min(values["timeout_seconds"] or 3, interval)
    return None if check is None else Probe(values["instance"], values["name"] or kind, interval, timeout, check)


def _read(checker: Checker, value: Any, keys: Mapping[str, Key], where: str, line: int) -> dict[str, Any] | None:
    before = len(checker.problems)
    values = checker.read(value, keys, where, line)
    return None if len(checker.problems) > before else values


def _http(checker: Checker, value: Any, where: str, line: int) -> Check | None:
    keys = {
        "url": Key(http_address),
        "method": Key(_method, "GET"),
        "status": Key(_status, _OK),
        "body_matches": Key(_expression, None),
        "headers": Key(_headers, {}, is_secret=True),
        "body": Key(text, "", is_secret=True),
        "follow_redirects": Key(_switch, True),
        "verify": Key(_switch, True),
        "ca_file": Key(path, None),
    }
    values = _read(checker, value, keys, where, line)
    if values is None:
        return None
    check = HttpCheck(**values)
    try:
        check.request(urlsplit(check.url), check.method)
    except (h11.LocalProtocolError, ValueError) as error:
        checker.add(line, where, f"cannot be sent: {error}")
        return None
    return check


def _tcp(checker: Checker, value: Any, where: str, line: int) -> Check | None:
    values = _read(checker, value, {"address": Key(_address), "expect": Key(_expression, None)}, where, line)
    return None if values is None else TcpCheck(**values)


def _ping(checker: Checker, value: Any, where: str, line: int) -> Check | None:
    values = _read(checker, value, {"address": Key(text)}, where, line)
    return None if values is None else PingCheck(**values)


def _dns(checker: Checker, value: Any, where: str, line: int) -> Check | None:
    keys = {
        "server": Key(_address),
        "name": Key(_name),
        "type": Key(_type, "A"),
        "expect": Key(_expression, None),
    }
    values = _read(checker, value, keys, where, line)
    return None if values is None else DnsCheck(**values)


_CHECKS: dict[str, Callable[[Checker, Any, str, int], Check | None]] = {
    "http": _http,
    "tcp": _tcp,
    "ping": _ping,
    "dns": _dns,
}


def _status(value: Any) -> frozenset[int]:
    """Codes, and classes such as 2xx."""
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of codes or classes, for example [200, 3xx]")
    codes: set[int] = set()
    for one in value:
        if isinstance(one, int) and not isinstance(one, bool) and 100 <= one < 600:
            codes.add(one)
        elif isinstance(one, str) and re.fullmatch("[1-5]xx", one):
            codes.update(range(int(one[0]) * 100, int(one[0]) * 100 + 100))
        else:
            raise ValueError(f"has {one!r}, which is no code and no class, for example 200 or 3xx")
    return frozenset(codes)


def _expression(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a regular expression")
    try:
        re2.compile(value)
    except re2.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return value


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for pair in value.items() for one in pair):
        raise ValueError("must be a mapping of names to texts, for example {X-Token: abc}")
    return dict(value)


def _method(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{1,20}", value):
        raise ValueError("must be a method in capitals, for example GET")
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _address(value: Any) -> str:
    split_address(value if isinstance(value, str) else "")
    return str(value)


def _name(value: Any) -> str:
    try:
        question(0, text(value), "A")
    except DnsError as error:
        raise ValueError(str(error)) from None
    return str(value)


def _type(value: Any) -> str:
    if value not in TYPES:
        raise ValueError(f"must be one of {', '.join(TYPES)}")
    return str(value)
