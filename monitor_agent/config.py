"""Reads and checks agent.ini; every mistake is named with its place and an example of a right value."""

from __future__ import annotations

import configparser
import re
import urllib.parse
from typing import NamedTuple

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.options import Options

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
RESERVED_LABELS = ("instance", "job")


class ConfigError(Exception):
    """The file cannot be used; `problems` has one line for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Config(NamedTuple):
    """agent.ini. `labels` go on every series, instance and job among them."""

    instance: str
    interval_seconds: float
    spool_directory: str
    spool_max_bytes: int
    spool_max_age_seconds: float
    labels: dict[str, str]
    url: str
    ca_file: str
    token_file: str
    timeout_seconds: float
    collectors: list[str]
    options: Options


KNOWN = {
    "agent": (
        "instance",
        "interval_seconds",
        "spool_directory",
        "spool_max_bytes",
        "spool_max_age_seconds",
        *Options._fields,
    ),
    "push": ("url", "ca_file", "token_file", "timeout_seconds"),
}


class _Reader:
    """Collects the problems instead of stopping at the first."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[str] = []
        self._parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(" ;", " #"))
        self._parser.optionxform = str  # type: ignore[assignment,method-assign]
        try:
            with open(path, encoding="utf-8") as file:
                self._parser.read_file(file)
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            raise ConfigError([f"{path}: {error}"]) from None

    def section(self, name: str) -> dict[str, str]:
        return dict(self._parser[name]) if name in self._parser else {}

    def sections(self) -> list[str]:
        return self._parser.sections()

    def problem(self, section: str, key: str, text: str) -> None:
        self.problems.append(f"{self.path}: [{section}] {key} {text}")

    def number(self, section: str, key: str, default: float, least: float, most: float) -> float:
        text = self.section(section).get(key, str(default))
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            self.problem(
                section, key, f"is {text!r}: give a number from {least:g} to {most:g}, for example {default:g}"
            )
        return value

    def pattern(self, key: str, default: str) -> str:
        text = self.section("agent").get(key) or default
        try:
            re.compile(text)
        except re.error as error:
            self.problem("agent", key, f"is no regular expression ({error}), for example ^(tmpfs|overlay)$")
        return text


def read_config(path: str) -> Config:
    """The configuration in a file; raises ConfigError with every problem found."""
    reader = _Reader(path)
    for section in reader.sections():
        if section not in (*KNOWN, "labels", "collectors"):
            reader.problems.append(f"{path}: section [{section}] is unknown; there are agent, labels, push, collectors")
        for key in reader.section(section):
            if section in KNOWN and key not in KNOWN[section]:
                reader.problem(section, key, f"is unknown; there are {', '.join(KNOWN[section])}")

    agent, push = reader.section("agent"), reader.section("push")
    instance = agent.get("instance", "")
    if not instance:
        reader.problem("agent", "instance", "is missing: give the host's name in the inventory, for example web-1")
    url = push.get("url", "")
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        example = "https://monitor:9430/api/v1/import/prometheus"
        reader.problem("push", "url", f"is {url!r}: give an http or https address, for example {example}")
    labels = reader.section("labels")
    for name in labels:
        if not LABEL_NAME.fullmatch(name) or name.startswith("__") or name in RESERVED_LABELS:
            reader.problem(
                "labels", name, "is no name for a label (letters, digits, _; not instance or job), for example env"
            )
    config = Config(
        instance=instance,
        interval_seconds=reader.number("agent", "interval_seconds", 5, 0.1, 3600),
        spool_directory=agent.get("spool_directory", "/var/lib/monitor-agent/spool"),
        spool_max_bytes=int(reader.number("agent", "spool_max_bytes", 64 * 1024**2, 64 * 1024, 1024**4)),
        spool_max_age_seconds=reader.number("agent", "spool_max_age_seconds", 86400, 1, 30 * 86400),
        labels={**labels, "instance": instance, "job": "host"},
        url=url,
        ca_file=push.get("ca_file", ""),
        token_file=push.get("token_file", ""),
        timeout_seconds=reader.number("push", "timeout_seconds", 10, 0.1, 300),
        collectors=_collectors(reader),
        options=Options(*(reader.pattern(key, default) for key, default in zip(Options._fields, Options()))),
    )
    if reader.problems:
        raise ConfigError(reader.problems)
    return config


def _collectors(reader: _Reader) -> list[str]:
    switches = reader.section("collectors")
    for name, switch in switches.items():
        if name not in COLLECTORS:
            reader.problem("collectors", name, f"is unknown; there are {', '.join(sorted(COLLECTORS))}")
        elif switch not in ("true", "false"):
            reader.problem("collectors", name, f"is {switch!r}: say true or false")
    return [name for name in COLLECTORS if switches.get(name) != "false"]
