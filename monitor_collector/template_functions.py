"""The functions that Prometheus gives to templates beside Go's own. Their results equal Prometheus' to the letter.

https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#functions
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

import re2

from monitor_collector.durations import duration_ms
from monitor_collector.go_template import Arguments, Function, Structure, TemplateError
from monitor_collector.go_template.errors import LONGEST_TEXT
from monitor_collector.humanized import (
    humanize,
    humanize_1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    moment,
)
from monitor_collector.promql import QueryError

if TYPE_CHECKING:
    from monitor_collector.templates import Surroundings

_RE2_OPTIONS = re2.Options()
_RE2_OPTIONS.log_errors = False
_GROUP = re.compile(r"\$(?:\$|(?P<name>\w+)|\{(?P<braced>\w+)\})", re.ASCII)


def _sample(labels: Mapping[str, str], value: float) -> Structure:
    return Structure("*template.sample", {"Labels": dict(labels), "Value": value}, is_pointer=True)


def _query(surroundings: Surroundings, query: str) -> list[Structure]:
    try:
        return [_sample(labels, value) for labels, value in surroundings.query(query)]
    except QueryError as error:
        raise TemplateError(str(error)) from None


def _first(samples: list[Structure]) -> Structure:
    if not samples:
        raise TemplateError("first() called on vector with no elements")
    return samples[0]


def _label(name: str, sample: Structure) -> str:
    return sample.fields["Labels"].get(name, "")


def _sort_by_label(name: str, samples: list[Structure]) -> list[Structure]:
    samples.sort(key=lambda sample: _label(name, sample).encode("utf-8", "replace"))
    return samples


@lru_cache(maxsize=1000)
def _expression(pattern: str) -> Any:
    """RE2's, to be searched for anywhere; `.` is no newline, unlike in the matchers of PromQL."""
    try:
        return re2.compile(pattern, _RE2_OPTIONS)
    except (re2.error, UnicodeEncodeError) as error:
        raise TemplateError(f"{pattern!r} is no regular expression: {error}") from None


def _match(pattern: str, text: str) -> bool:
    return _expression(pattern).search(_writable(text)) is not None


def _replace_all(pattern: str, replacement: str, text: str) -> str:
    """Go's ReplaceAllString: `$1` and `${name}` stand for groups; no empty match right behind another match."""
    parts: list[str] = []
    text = _writable(text)
    end = length = 0
    for found in _expression(pattern).finditer(text):
        parts.append(text[end : found.start()])
        if found.end() > end or found.start() == 0:
            parts.append(_GROUP.sub(partial(_group, found), replacement))
            length += len(parts[-1])
        if length > LONGEST_TEXT:
            raise TemplateError(f"gives more than {LONGEST_TEXT} characters")
        end = found.end()
    return "".join(parts) + text[end:]


def _group(found: Any, reference: re.Match[str]) -> str:
    name = reference["name"] or reference["braced"]
    if name is None:
        return "$"
    group = int(name) if name.isdigit() and len(name) < 9 else found.re.groupindex.get(name)
    return found[group] or "" if group is not None and group <= found.re.groups else ""


def _writable(text: str) -> str:
    """The text as UTF-8 can hold it, without halves of surrogate pairs."""
    return text.encode(errors="replace").decode()


def _title(text: str) -> str:
    """Go's strings.Title: the first letter of each word is large. A mark other than _ ends a word, if it is ASCII."""
    parts = []
    before = " "
    for character in text:
        is_first = not (before == "_" or before.isalnum()) if before.isascii() else before.isspace()
        parts.append(_one(character.title(), character) if is_first else character)
        before = character
    return "".join(parts)


def _one(changed: str, character: str) -> str:
    # Go changes letter by letter, so those that would become two stay.
    return changed if len(changed) == 1 else character


def _strip_port(host_port: str) -> str:
    host, port = _host_and_port(host_port)
    return host_port if port is None else host


def _strip_domain(host_port: str) -> str:
    host, port = _host_and_port(host_port)
    host = host_port if port is None else host
    try:
        ip_address(host)
        return host_port
    except ValueError:
        pass
    name = host.split(".")[0]
    if not port:
        return name
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _host_and_port(text: str) -> tuple[str, str | None]:
    """As Go's net.SplitHostPort; without port, or with too many colons, the port is None."""
    found = _HOST_PORT.fullmatch(text)
    if not found:
        return text, None
    return found["address"] if found["address"] is not None else found["host"], found["port"]


_HOST_PORT = re.compile(r"(?:\[(?P<address>[^\[\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>[^:\[\]]*)", re.DOTALL)


def _parse_duration(text: str) -> float:
    try:
        return duration_ms(text) / 1000
    except ValueError as error:
        raise TemplateError(f"{text!r} {error}") from None


def _arguments(*values: Any) -> Arguments:
    return Arguments({f"arg{position}": value for position, value in enumerate(values)})


def _link(tab: int, expression: str) -> str:
    return f"/graph?g0.expr={quote_plus(expression)}&g0.tab={tab}"


FUNCTIONS: dict[str, Function] = {
    "args": Function(_arguments, (), "any"),
    "externalURL": Function(lambda surroundings: surroundings.external_url, (), needs_context=True),
    "first": Function(_first, ("samples",)),
    "graphLink": Function(partial(_link, 0), ("string",)),
    "humanize": Function(humanize, ("any",)),
    "humanize1024": Function(humanize_1024, ("any",)),
    "humanizeDuration": Function(humanize_duration, ("any",)),
    "humanizePercentage": Function(humanize_percentage, ("any",)),
    "humanizeTimestamp": Function(humanize_timestamp, ("any",)),
    "label": Function(_label, ("string", "sample")),
    "match": Function(_match, ("string", "string")),
    "now": Function(lambda surroundings: surroundings.now_ms / 1000, (), needs_context=True),
    "parseDuration": Function(_parse_duration, ("string",)),
    "pathPrefix": Function(lambda surroundings: urlsplit(surroundings.external_url).path, (), needs_context=True),
    "query": Function(_query, ("string",), needs_context=True),
    "reReplaceAll": Function(_replace_all, ("string", "string", "string")),
    "safeHtml": Function(lambda text: text, ("string",)),
    "sortByLabel": Function(_sort_by_label, ("string", "samples")),
    "stripDomain": Function(_strip_domain, ("string",)),
    "stripPort": Function(_strip_port, ("string",)),
    "strvalue": Function(lambda sample: _label("__value__", sample), ("sample",)),
    "tableLink": Function(partial(_link, 1), ("string",)),
    "title": Function(_title, ("string",)),
    "toLower": Function(lambda text: "".join(_one(one.lower(), one) for one in text), ("string",)),
    "toTime": Function(moment, ("any",)),
    "toUpper": Function(lambda text: "".join(_one(one.upper(), one) for one in text), ("string",)),
    "urlQueryEscape": Function(quote_plus, ("string",)),
    "value": Function(lambda sample: sample.fields["Value"], ("sample",)),
}
