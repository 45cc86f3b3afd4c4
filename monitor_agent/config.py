"""Reads and checks agent.ini; every mistake is named with its place and an example of a right value.

Files that the configuration names (ca_file, token_file) need not be there yet: they are read when they are used.
"""

from __future__ import annotations

import re
from collections import namedtuple

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.options import Options
from monitor_agent.ini import IniError, parse_ini
from monitor_agent.url import Url, parse_url

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
RESERVED_LABELS = ("instance", "job")
EXAMPLE_URL = "https://monitor:9430/api/v1/import/prometheus"
EXAMPLE_PATTERN = "^(tmpfs|overlay)$"
JOB = "host"

KEYS = {
    "agent": (
        "instance",
        "interval_seconds",
        "spool_directory",
        "spool_max_bytes",
        "spool_max_age_seconds",
        *Options._fields,
    ),
    "push": ("url", "ca_file", "token_file", "timeout_seconds", "mode", "backlog_bytes_per_second"),
    "listen": ("address", "token_file"),
}
DESTINATION_KEYS = ("url", "ca_file", "token_file", "timeout_seconds")
SECTIONS = ("agent", "labels", "push", "listen", "collectors", "interval_seconds")
FURTHER_PUSH = re.compile(r"push (?P<name>[a-z0-9_-]+)")
FAILOVER, ALL = "failover", "all"

# A collector to push to. `name` is "" for that of [push], and NAME for that of [push NAME].
Destination = namedtuple("Destination", ("name", "url", "ca_file", "token_file", "timeout_seconds"))

# agent.ini, checked. `labels` go on every series, instance and job among them; `collectors` are those switched on, each
# name with its own interval in seconds, 0 for the agent's; files are "" where there is none. `listen_address` is a host
# and a port, or None.
Config = namedtuple(
    "Config",
    (
        "instance",
        "interval_seconds",
        "spool_directory",
        "spool_max_bytes",
        "spool_max_age_seconds",
        "labels",
        "destinations",
        "push_mode",
        "backlog_bytes_per_second",
        "listen_address",
        "listen_token_file",
        "collectors",
        "options",
    ),
)


def spool_directory(config: Config, destination: Destination) -> str:
    """Where batches for a destination wait: one directory for all of them unless each gets everything."""
    if config.push_mode == ALL and destination.name:
        return f"{config.spool_directory}/{destination.name}"
    return config.spool_directory


class ConfigError(Exception):
    """The file cannot be used; `problems` has one line for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_config(path: str) -> Config:
    """The configuration in a file; raises ConfigError with every problem found."""
    try:
        with open(path, encoding="utf-8") as file:
            sections = parse_ini(file.read())
    except (OSError, IniError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError([f"{path}: {reason}"]) from None
    return _Reader(path, sections).config()


class _Reader:
    """Turns texts into values, collecting the problems instead of stopping at the first."""

    def __init__(self, path: str, sections: dict[str, dict[str, str]]) -> None:
        self._path = path
        self._sections = sections
        self._problems: list[str] = []

    def config(self) -> Config:
        self._check_names()
        instance = self._instance()
        interval_seconds = self._number("agent", "interval_seconds", "5", 0.1, 3600)
        config = Config(
            instance=instance,
            interval_seconds=interval_seconds,
            spool_directory=self._absolute_path("agent", "spool_directory", "/var/lib/monitor-agent/spool"),
            spool_max_bytes=self._whole_number("agent", "spool_max_bytes", "67108864", 65536, 2**40),
            spool_max_age_seconds=self._number("agent", "spool_max_age_seconds", "86400", 60, 30 * 86400),
            labels={**self._labels(), "instance": instance, "job": JOB},
            destinations=self._destinations(),
            push_mode=self._push_mode(),
            backlog_bytes_per_second=self._number("push", "backlog_bytes_per_second", "262144", 1024, 2**30),
            listen_address=self._listen_address(),
            listen_token_file=self._absolute_path("listen", "token_file", ""),
            collectors=self._collectors(interval_seconds),
            options=Options(**{key: self._option(key, value) for key, value in Options._field_defaults.items()}),
        )
        if self._problems:
            raise ConfigError(self._problems)
        return config

    def _check_names(self) -> None:
        for section, keys in self._sections.items():
            if FURTHER_PUSH.fullmatch(section):
                for key in keys:
                    if key not in DESTINATION_KEYS:
                        self._problem(section, key, f"is unknown; the keys are {', '.join(DESTINATION_KEYS)}")
            elif section not in SECTIONS:
                self._problems.append(
                    f"{self._path}: section [{section}] is unknown; the sections are {', '.join(SECTIONS)}"
                )
            for key in keys:
                if section in KEYS and key not in KEYS[section]:
                    self._problem(section, key, f"is unknown; the keys are {', '.join(KEYS[section])}")

    def _problem(self, section: str, key: str, text: str) -> None:
        self._problems.append(f"{self._path}: [{section}] {key} {text}")

    def _text(self, section: str, key: str, default: str) -> str:
        """An empty value stands for the default."""
        return self._sections.get(section, {}).get(key) or default

    def _instance(self) -> str:
        text = self._text("agent", "instance", "")
        if not text or "\n" in text:
            reason = f"is {text!r}" if text else "is missing"
            self._problem("agent", "instance", f"{reason}: give the host's name in the inventory, for example web-1")
        return text

    def _destinations(self) -> list[Destination]:
        """That of [push] first, then the others, which take from it what they do not say."""
        destinations = [self._destination("push", "", ("", "", "10"))]
        defaults = tuple(str(each) for each in destinations[0][2:])
        for section in self._sections:
            found = FURTHER_PUSH.fullmatch(section)
            if found:
                destinations.append(self._destination(section, found["name"], defaults))
        return destinations

    def _destination(self, section: str, name: str, defaults: tuple[str, ...]) -> Destination:
        ca_file, token_file, timeout_seconds = defaults
        return Destination(
            name,
            self._url(section),
            self._absolute_path(section, "ca_file", ca_file),
            self._absolute_path(section, "token_file", token_file),
            self._number(section, "timeout_seconds", timeout_seconds, 0.1, 300),
        )

    def _url(self, section: str) -> Url | None:
        text = self._text(section, "url", "")
        try:
            return parse_url(text)
        except ValueError:
            reason = f"is {text!r}" if text else "is missing"
            self._problem(section, "url", f"{reason}: give an http or https address, for example {EXAMPLE_URL}")
            return None

    def _push_mode(self) -> str:
        text = self._text("push", "mode", FAILOVER)
        if text not in (FAILOVER, ALL):
            self._problem("push", "mode", f"is {text!r}: say {FAILOVER} or {ALL}")
        return text

    def _listen_address(self) -> tuple[str, int] | None:
        text = self._text("listen", "address", "")
        if not text:
            return None
        try:
            url = parse_url(f"http://{text}")
        except ValueError:
            url = None
        if url is None or url.path != "/" or not text.endswith(f":{url.port}"):
            self._problem("listen", "address", f"is {text!r}: give an address and a port, for example 127.0.0.1:9431")
            return None
        return url.host, url.port

    def _number(self, section: str, key: str, default: str, least: float, most: float) -> float:
        text = self._text(section, key, default)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            self._problem(
                section, key, f"is {text!r}: give a number from {least:.15g} to {most:.15g}, for example {default}"
            )
        return value

    def _whole_number(self, section: str, key: str, default: str, least: int, most: int) -> int:
        text = self._text(section, key, default)
        if text.isdecimal() and least <= int(text) <= most:
            return int(text)
        self._problem(section, key, f"is {text!r}: give a whole number from {least} to {most}, for example {default}")
        return least

    def _absolute_path(self, section: str, key: str, default: str) -> str:
        text = self._text(section, key, default)
        if text and not text.startswith("/"):
            example = default or f"/etc/monitor-agent/{key.replace('_file', '.pem' if key == 'ca_file' else '')}"
            self._problem(section, key, f"is {text!r}: give a path from the root, for example {example}")
        return text

    def _option(self, key: str, default: str | float) -> str | float:
        if key.endswith("_directory"):
            return self._absolute_path("agent", key, default)
        if key.endswith("_seconds"):
            return self._number("agent", key, f"{default:g}", 0.1, 3600)
        return self._pattern(key, default)

    def _pattern(self, key: str, default: str) -> str:
        text = self._text("agent", key, default)
        try:
            re.compile(text)
        except re.error as error:
            self._problem("agent", key, f"is {text!r}: no regular expression ({error}), for example {EXAMPLE_PATTERN}")
        return text

    def _labels(self) -> dict[str, str]:
        labels = self._sections.get("labels", {})
        for name in labels:
            if name in RESERVED_LABELS:
                self._problem("labels", name, "is set by the agent itself: take another name, for example env")
            elif not LABEL_NAME.fullmatch(name) or name.startswith("__"):
                self._problem(
                    "labels",
                    name,
                    "is no name for a label: letters, digits and _, no digit and no __ at the front, for example env",
                )
        return {name: value for name, value in labels.items() if value}  # an empty label is no label

    def _collectors(self, least_seconds: float) -> dict[str, float]:
        switches = self._sections.get("collectors", {})
        for name, switch in switches.items():
            if self._is_collector("collectors", name) and switch not in ("true", "false"):
                self._problem("collectors", name, f"is {switch!r}: say true or false, for example {name} = true")
        intervals = {name: collector.interval_seconds for name, collector in COLLECTORS.items()}
        for name in self._sections.get("interval_seconds", {}):
            if self._is_collector("interval_seconds", name):
                intervals[name] = self._number("interval_seconds", name, "15", least_seconds, 86400)
        return {
            name: intervals[name] if intervals[name] > least_seconds else 0.0
            for name, collector in COLLECTORS.items()
            if switches.get(name, "true" if collector.is_on_by_default else "false") != "false"
        }

    def _is_collector(self, section: str, name: str) -> bool:
        if name not in COLLECTORS:
            self._problem(section, name, f"is unknown; the collectors are {', '.join(sorted(COLLECTORS))}")
        return name in COLLECTORS
