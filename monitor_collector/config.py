"""The collector's configuration directory: `collector.yml`, `targets.yml`, `thresholds.yml`, `receivers.yml`,
`dashboard.yml`, `probes.yml` and the rule files of `rules.d/`. Everything is checked before anything of it is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from monitor_collector.dashboard.columns import Column, read_columns
from monitor_collector.documents import (
    Checker,
    ConfigError,
    Key,
    Problem,
    anything,
    http_address,
    labels,
    path,
    positive,
)
from monitor_collector.notifications.configuration import read_policy
from monitor_collector.notifications.policy import Policy
from monitor_collector.probes.configuration import Probe, read_probes
from monitor_collector.push_limits import Limits
from monitor_collector.queries import DEFAULT_LOOKBACK_SECONDS, DEFAULT_MAX_SAMPLES, DEFAULT_TIMEOUT_SECONDS
from monitor_collector.rule_files import RuleGroup, read_groups

INSTANCE_LABELS = ("instance", "job")


class Tls(NamedTuple):
    """Files in PEM format, the certificate with its chain."""

    certificate_file: Path
    key_file: Path


class Settings(NamedTuple):
    """`collector.yml`. Read at the start only."""

    host: str
    port: int
    external_url: str
    data_directory: Path
    evaluation_interval_seconds: float
    head_window_seconds: int
    retention_days: float
    retention_gigabytes: float | None
    query_timeout_seconds: float
    query_max_samples: int
    query_lookback_seconds: float
    push_limits: Limits
    tls: Tls | None
    credentials_file: Path | None
    api_credentials_file: Path | None


class Target(NamedTuple):
    """A host that must report. `groups` are those of the inventory that it is shown in."""

    instance: str
    interval_seconds: float
    labels: Mapping[str, str]
    groups: tuple[str, ...] = ()


class Configuration(NamedTuple):
    """All of it. `credentials` is sha256 of a token -> instance, None where pushes need no token; `api_credentials` is
    sha256 of a token -> name, None where the API needs none; `thresholds` is instance -> name -> level."""

    settings: Settings
    credentials: Mapping[str, str] | None
    api_credentials: Mapping[str, str] | None
    targets: tuple[Target, ...]
    thresholds: Mapping[str, Mapping[str, float]]
    notifications: Policy
    groups: tuple[RuleGroup, ...]
    columns: tuple[Column, ...] = ()
    probes: tuple[Probe, ...] = ()


def load(directory: Path) -> Configuration:
    """Reads the directory. Raises ConfigError with every problem of every file."""
    problems: list[Problem] = []

    def checked(read: Callable[[Path], Any], file: Path, if_absent: Any = ...) -> Any:
        if if_absent is not ... and not file.exists():
            return if_absent
        try:
            return read(file)
        except ConfigError as error:
            problems.extend(error.problems)
            return None

    settings = checked(read_settings, directory / "collector.yml")
    credentials = api_credentials = None
    if settings is not None and settings.credentials_file is not None:
        credentials = checked(read_credentials, settings.credentials_file)
    if settings is not None and settings.api_credentials_file is not None:
        api_credentials = checked(read_credentials, settings.api_credentials_file)
    targets = checked(read_targets, directory / "targets.yml", ())
    thresholds = checked(read_thresholds, directory / "thresholds.yml", {})
    notifications = checked(read_policy, directory / "receivers.yml", Policy())
    columns = checked(read_columns, directory / "dashboard.yml", ())
    probes = checked(read_probes, directory / "probes.yml", ())
    files = sorted((*directory.glob("rules.d/*.yml"), *directory.glob("rules.d/*.yaml")))
    groups = [group for file in files for group in checked(read_groups, file) or ()]
    if problems:
        raise ConfigError(problems)
    return Configuration(
        settings, credentials, api_credentials, targets, thresholds, notifications, tuple(groups), columns, probes
    )


def read_settings(file: Path) -> Settings:
    checker = Checker(file)
    content = checker.load_mapping()
    values: dict[str, Any] = {}
    if content is not None:
        values = checker.read(
            content,
            {
                "listen": Key(_address, ("0.0.0.0", 9430)),  # noqa: S104 - hosts push from elsewhere
                "external_url": Key(http_address),
                "data_directory": Key(path, Path("/var/lib/monitor-collector")),
                "evaluation_interval_seconds": Key(positive, 1),
                "head_window_seconds": Key(_window, 900),
                "retention_days": Key(positive, 30),
                "retention_gigabytes": Key(_gigabytes, None),
                "query_timeout_seconds": Key(positive, DEFAULT_TIMEOUT_SECONDS),
                "query_max_samples": Key(_count, DEFAULT_MAX_SAMPLES),
                "query_lookback_seconds": Key(positive, DEFAULT_LOOKBACK_SECONDS),
                "push_limits": Key(anything, None),
                "tls": Key(anything, None),
                "credentials_file": Key(path, None),
                "api_credentials_file": Key(path, None),
            },
        )
    tls = None
    if values.get("tls") is not None:
        line = content.lines["tls"] if content else None
        pair = checker.read(values["tls"], {"certificate_file": Key(path), "key_file": Key(path)}, "tls", line)
        tls = Tls(**pair) if len(pair) == 2 else None
    limits = Limits()
    if values.get("push_limits") is not None:
        line = content.lines["push_limits"] if content else None
        keys = {name: Key(_count, default) for name, default in limits._asdict().items()}
        limits = Limits(**checker.read(values["push_limits"], keys, "push_limits", line))
    _raise_if(checker)
    host, port = values.pop("listen")
    return Settings(**{**values, "host": host, "port": port, "push_limits": limits, "tls": tls})


def read_credentials(file: Path) -> dict[str, str]:
    """sha256 of a token, in hex -> whom it belongs to: an instance, or who uses the API."""
    checker = Checker(file)
    content = checker.load_mapping() or {}
    found: dict[str, str] = {}
    for instance, digest in content.items():
        line = content.lines[instance]  # type: ignore[union-attr]
        if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
            checker.add(line, str(instance), "must be the sha256 of the token, 64 hexadecimal digits in quotes")
        elif digest in found:
            checker.add(line, str(instance), f"has the same token as {found[digest]}")
        else:
            found[digest] = str(instance)
    _raise_if(checker)
    return found


def read_targets(file: Path) -> tuple[Target, ...]:
    checker = Checker(file)
    found: dict[str, Target] = {}
    for number, entry in enumerate(_entries(checker, "targets"), 1):
        where = _where(entry, "instance", f"target {number}")
        values = checker.read(
            entry,
            {
                "instance": Key(_word),
                "interval_seconds": Key(positive, 5),
                "labels": Key(labels, {}),
                "groups": Key(_words, ()),
            },
            where,
        )
        if len(values) < len(Target._fields):
            continue
        target = Target(**values)
        if target.instance in found:
            checker.add(entry.line, where, "is there twice")
        for name in INSTANCE_LABELS:
            if name in target.labels:
                checker.add(entry.line, where, f"labels must not contain {name}, which the collector sets")
        found[target.instance] = target
    _raise_if(checker)
    return tuple(found.values())


def read_thresholds(file: Path) -> dict[str, dict[str, float]]:
    checker = Checker(file)
    content = checker.load_mapping()
    found: dict[str, dict[str, float]] = {}
    if content is not None:
        hosts = checker.read(content, {"thresholds": Key(_mapping)}).get("thresholds") or {}
        for instance, levels in hosts.items():
            if not isinstance(levels, dict):
                checker.add(hosts.lines[instance], str(instance), "must be a mapping, for example cpu_used_ratio: 0.9")
                continue
            for name, level in levels.items():
                if not isinstance(level, int | float) or isinstance(level, bool) or not math.isfinite(level):
                    where = f"{instance}: {name}"
                    checker.add(levels.lines[name], where, f"{level!r} is no number; write for example 0.9")
            found[str(instance)] = {str(name): level for name, level in levels.items()}
    _raise_if(checker)
    return found


def _raise_if(checker: Checker) -> None:
    if checker.problems:
        raise ConfigError(checker.problems)


def _entries(checker: Checker, key: str) -> list[Any]:
    content = checker.load_mapping()
    if content is None:
        return []
    value = checker.read(content, {key: Key(anything)}).get(key)
    if value is None:  # an empty list is easily written as nothing at all
        return []
    return checker.read_list(value, key, content.lines[key])


def _where(entry: Any, key: str, otherwise: str) -> str:
    return str(entry.get(key) or otherwise) if isinstance(entry, dict) else otherwise


def _word(value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        raise ValueError("must be the name of a host as in the inventory, for example web-1")
    return str(value)


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("must be a list of the inventory's groups, for example [web, early]")
    return tuple(value)


def _window(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 60:
        raise ValueError("must be a whole number of seconds, at least 60, for example 900")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("must be a whole number above 0, for example 50000000")
    return value


def _gigabytes(value: Any) -> float | None:
    return None if value is None else positive(value)


def _mapping(value: Any) -> Any:
    if value is not None and not isinstance(value, dict):
        raise ValueError("must be a mapping of hosts to their levels, for example web-1: {cpu_used_ratio: 0.9}")
    return value


def _address(value: Any) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})", value) if isinstance(value, str) else None
    if not found or int(found[2]) > 65535:
        raise ValueError("must be an address and a port, for example 0.0.0.0:9430 or [::]:9430")
    return found[1].strip("[]"), int(found[2])
