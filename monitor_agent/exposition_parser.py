"""Reads metrics that users write, in Prometheus text format 0.0.4, as node_exporter and Pushgateway read it.

https://prometheus.io/docs/instrumenting/exposition_formats/

A text is taken as a whole or not at all. Where Go's parser and the format's description differ, Go's parser counts, so
that a file which works there works here, and one that is refused here would be refused there.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable

from monitor_agent.exposition import INFINITY, Columns, Metric, Row, format_value

KINDS = ("counter", "gauge", "histogram", "summary", "untyped")
SERIES_LIMIT = 20_000  # of one text: a runaway must not take the memory that the agent is limited to

# These say whose a series is, and that is not for a file to say; it is as with Prometheus' `honor_labels: false`.
HOST_LABELS = ("instance", "job")

# Written by the agent and the collector themselves; the same series from elsewhere would make alarms lie.
RESERVED = re.compile(r"up|ALERTS(_FOR_STATE)?|monitor_.*|node_scrape_collector_.*|node_textfile_.*")

# What the members of a family are, each by itself. A quantile is a gauge: it goes up and down.
MEMBER_KINDS = {
    ("histogram", "_bucket"): "counter",
    ("histogram", "_count"): "counter",
    ("histogram", "_sum"): "untyped",  # with negative observations it falls
    ("summary", "_count"): "counter",
    ("summary", "_sum"): "untyped",
    ("summary", ""): "gauge",
}
BOUNDARIES = {"histogram": "le", "summary": "quantile"}

BLANKS = " \t"
BLANK = re.compile("[ \t]")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*')
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
NO_FINITE_NUMBER = re.compile(r"[+-]?inf(inity)?|nan", re.IGNORECASE)
COMMENT = re.compile(r"#[ \t]*(HELP|TYPE)[ \t]+([^ \t]*)[ \t]*(.*)", re.DOTALL)
ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}
NO_UNICODE = re.compile("[\ud800-\udfff]")  # what bytes become that are no UTF-8

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]  # the name and the labels

# `labels` are (name, value) pairs, sorted; `value` is as Prometheus writes numbers.
Sample = namedtuple("Sample", ("name", "labels", "value", "family"))


class MalformedText(Exception):
    """The text cannot be used; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class Family:
    """What HELP and TYPE say about a name; None where they say nothing."""

    __slots__ = ("has_samples", "help", "kind", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind: str | None = None
        self.help: str | None = None
        self.has_samples = False


class Parser:
    """Reads one source's texts. A series that was in the text before costs a look into a table."""

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}

    def parse(self, content: bytes) -> list[Sample]:
        """The samples in their order. Raises MalformedText."""
        lines = content.decode("utf-8", "surrogateescape").split("\n")
        rest = lines.pop()
        known, self._series = self._series, {}
        families: dict[str, Family] = {}
        samples: list[Sample] = []
        for number, line in enumerate(lines, 1):
            try:
                head, _, value = line.rpartition(" ")
                series = known.get(head)
                if series is None:
                    line = line.lstrip(BLANKS)
                    if not line:
                        continue
                    if line[0] == "#":
                        read_comment(line, families)
                        continue
                    series, value = read_sample(line)
                    head = line[: -len(value)]
                    head = head[:-1] if head[-1] == " " else ""
                if head:  # else it is written in a way that is rare, and read anew each time
                    self._series[head] = series
                name, labels = series
                family = find_family(name, families)
                family.has_samples = True
                if family.kind in BOUNDARIES:
                    check_boundary(BOUNDARIES[family.kind], labels)
                samples.append(Sample(name, labels, read_value(value), family))
                if len(samples) > SERIES_LIMIT:
                    raise ValueError(f"there are more than {SERIES_LIMIT} series")
            except ValueError as error:
                raise MalformedText(number, str(error)) from None
        if rest.strip(BLANKS):
            raise MalformedText(len(lines) + 1, f"{shown(rest)} does not end with a line feed: has it been cut off?")
        return samples


def read_sample(line: str) -> tuple[Series, str]:
    """The series, and the text of its value, which ends the line. Raises ValueError."""
    found = NAME.match(line)
    if not found:
        raise ValueError(f"{shown(line)} does not begin with the name of a metric")
    position = skip_blanks(line, found.end())
    labels: dict[str, str] = {}
    if line[position : position + 1] == "{":
        position = read_labels(line, position + 1, labels)
    value, *more = BLANK.split(line[position:].lstrip(BLANKS))
    if not value:
        raise ValueError(f"{shown(line)}: the value is missing")
    if any(more):
        read_value(value)
        raise ValueError(f"{shown(line)}: no time may follow the value, nor anything else; the time is the agent's own")
    if more:
        raise ValueError(f"{shown(line)}: there is a blank after the value")
    return (found[0], finish_labels(labels)), value


def read_labels(line: str, position: int, labels: dict[str, str]) -> int:
    """Fills `labels` from what follows the opening brace; returns where the closing one ends. Raises ValueError."""
    while True:
        position = skip_blanks(line, position)
        if line[position : position + 1] == "}":
            return position + 1
        found = LABEL.match(line, position)
        if not found:
            raise ValueError(
                f'{shown(line[position:])}: a label is written name="value", and the last one ends with }}'
            )
        name = found[1]
        if name.startswith("__"):
            raise ValueError(f"the label {name}: names with __ at the front are Prometheus' own")
        if name in labels:
            raise ValueError(f"the label {name} is there twice")
        if NO_UNICODE.search(found[2]):
            raise ValueError(f"the label {name}: {shown(found[2])} is not UTF-8")
        labels[name] = unescape(found[2], ESCAPED)
        position = found.end()
        end = line[position : position + 1]
        if end not in (",", "}") or not end:
            raise ValueError(f"{shown(line[position:])}: labels are separated by commas, and a brace ends them")
        position += end == ","


def finish_labels(labels: dict[str, str]) -> Labels:
    """Sorted, without the empty ones, which are as good as absent, and with none that only the agent may give."""
    labels = {name: value for name, value in labels.items() if value}
    for name in HOST_LABELS:
        if name in labels:
            exported = f"exported_{name}"
            while exported in labels:
                exported = f"exported_{exported}"
            labels[exported] = labels.pop(name)
    return tuple(sorted(labels.items()))


def read_value(text: str) -> str:
    """The number as Prometheus writes it. Raises ValueError."""
    if text.isdigit() and text.isascii() and text[0] != "0" and len(text) < 16:
        return text  # a whole number that a float64 holds exactly
    if NUMBER.fullmatch(text):
        value = float(text)
        if value not in (INFINITY, -INFINITY):
            return format_value(value)
        raise ValueError(f"{shown(text)} is too large a number")
    if NO_FINITE_NUMBER.fullmatch(text):
        return format_value(float(text))
    if text.endswith("\r"):
        raise ValueError("the line ends with a carriage return: end lines with a line feed alone")
    raise ValueError(f"{shown(text)} is no number")


def read_comment(line: str, families: dict[str, Family]) -> None:
    """Notes what HELP and TYPE say, and passes over every other comment. Raises ValueError."""
    found = COMMENT.fullmatch(line)
    if not found or not found[2]:
        return
    keyword, name, text = found.groups()
    if not NAME.fullmatch(name):
        raise ValueError(f"{shown(line)}: {keyword} is followed by the name of a metric")
    family = find_family(name, families)
    if not text:
        return
    if keyword == "HELP":
        if family.help is not None:
            raise ValueError(f"there is a second HELP for {family.name}")
        family.help = unescape(text, {"n": "\n", "\\": "\\"})
    elif text.lower() not in KINDS:
        raise ValueError(f"{shown(text)} is no type: the types are {', '.join(KINDS)}")
    elif family.kind is not None or family.has_samples:
        raise ValueError(f"the TYPE of {family.name} is there twice, or after its first sample")
    else:
        family.kind = text.lower()


def find_family(name: str, families: dict[str, Family]) -> Family:
    """The family of this name, or the histogram or summary that the name is a part of, or else a new one."""
    family = families.get(name)
    if family is not None:
        return family
    stem, underscore, suffix = name.rpartition("_")
    family = families.get(stem)
    if family is not None and (family.kind, underscore + suffix) in MEMBER_KINDS:
        return family
    family = families[name] = Family(name)
    return family


def check_boundary(label: str, labels: Labels) -> None:
    for name, value in labels:
        if name == label:
            try:
                read_value(value)
            except ValueError:
                raise ValueError(f"{label}={shown(value)} is no number") from None


def unescape(text: str, escaped: dict[str, str]) -> str:
    """Raises ValueError for a backslash in front of anything that is not in `escaped`."""
    if "\\" not in text:
        return text

    def replacement(found: re.Match[str]) -> str:
        if found[1] not in escaped:
            usual = ", ".join(f"\\{each}" for each in escaped)
            raise ValueError(f"{shown(text)}: a backslash is written \\\\; {usual} are all that it may begin")
        return escaped[found[1]]

    return ESCAPE.sub(replacement, text)


def skip_blanks(line: str, position: int) -> int:
    while line[position : position + 1] in (" ", "\t"):
        position += 1
    return position


def shown(text: str) -> str:
    """As it is shown in an error: quoted, and not too long."""
    text = readable(text)
    return repr(text if len(text) <= 60 else text[:60] + "…")


def readable(text: str) -> str:
    """With U+FFFD for what came from bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Merger:
    """Makes rows of what several sources give, so that no series is there twice and a metric has one type.

    `describe` makes the help of a metric that no source describes, from the names of its sources, sorted.
    """

    def __init__(self, describe: Callable[[list[str]], str]) -> None:
        self._describe = describe
        self._columns: dict[tuple[str, str, str], Columns] = {}

    def merge(self, sources: list[tuple[str, list[Sample]]]) -> tuple[list[Row], dict[str, str]]:
        """The rows, and for each source of which something was left out, what and why."""
        kinds: dict[str, tuple[str, str]] = {}  # of each metric, and the source that says so
        helps: dict[str, str] = {}
        givers: dict[str, set[str]] = {}
        taken: dict[Series, str] = {}  # the source of each series
        refused: dict[str, str] = {}
        values: list[str] = []
        for source, samples in sources:
            for sample in samples:
                kind, kind_source = kinds.get(sample.name) or (kind_of(sample), source)
                if RESERVED.fullmatch(sample.name):
                    reason = f"{sample.name} is a name that only the monitoring itself may use"
                elif (kind_of(sample) or kind) != (kind or kind_of(sample)):
                    reason = f"{sample.name} is a {kind_of(sample)} there, and a {kind} in {kind_source}"
                elif (sample.name, sample.labels) in taken:
                    reason = f"{series_text(sample)} is there already, from {taken[sample.name, sample.labels]}"
                else:
                    kinds[sample.name] = (kind, kind_source) if kind else (kind_of(sample), source)
                    if sample.family.help is not None:
                        helps.setdefault(sample.name, sample.family.help)
                    givers.setdefault(sample.name, set()).add(source)
                    taken[sample.name, sample.labels] = source
                    values.append(sample.value)
                    continue
                refused.setdefault(source, f"{reason}; it is left out")
        known, self._columns = self._columns, {}
        columns = {}
        for name, names in givers.items():
            key = (name, kinds[name][0] or "untyped", readable(helps.get(name) or self._describe(sorted(names))))
            columns[name] = self._columns[key] = known.get(key) or Columns(Metric(*key))
        rows = [Row(columns[name], labels, (value,)) for (name, labels), value in zip(taken, values)]
        return rows, refused


def kind_of(sample: Sample) -> str | None:
    kind = sample.family.kind
    suffix = sample.name[len(sample.family.name) :]
    return MEMBER_KINDS.get((kind, suffix), kind)


def series_text(sample: Sample) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sample.labels)
    return f"{sample.name}{{{labels}}}" if labels else sample.name
