"""Prometheus' functions in templates; against the real Prometheus they are compared in tests/integration."""

from __future__ import annotations

import pytest

from monitor_collector.promql import QueryError
from monitor_collector.templates import Samples, Surroundings, Template, TemplateError


def query(text: str) -> Samples:
    if text == "bad":
        raise QueryError("no such thing")
    return [({"instance": "b", "zone": "1"}, 2.0), ({"instance": "a"}, 1.0)] if text == "up" else []


def render(text: str) -> str:
    return Template(text).render({}, 0.0, Surroundings("http://monitor.example.org/path", {}, query, 5_500))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{ query "up" | first | value }} {{ (query "up" | first).Labels.zone }}', "2 1"),
        ('{{ range sortByLabel "instance" (query "up") }}{{ .Labels.instance }}{{ .Value }} {{ end }}', "a1 b2 "),
        ('{{ with query "none" }}some{{ else }}none{{ end }}', "none"),
        ('{{ query "up" | first | label "instance" }}{{ query "up" | first | strvalue }}', "b"),
        ('{{ match "^a.c$" "abc" }} {{ reReplaceAll "([a-z]+)-([0-9]+)" "${2}_$1" "web-7" }}', "true 7_web"),
        ('{{ reReplaceAll "x*" "-" "abxd" }}{{ reReplaceAll "a" "$0$0$$$9" "cat" }}', "-a-b-d-caa$t"),
        ("{{ stripPort `a:9100` }} {{ stripPort `[::1]:80` }} {{ stripPort `a` }}", "a ::1 a"),
        ("{{ stripDomain `a.b.c:80` }} {{ stripDomain `10.0.0.1:80` }} {{ stripDomain `a.b` }}", "a:80 10.0.0.1:80 a"),
        ("{{ title `web-server of_acme éa` }} {{ toUpper `aß` }} {{ toLower `AÄ` }}", "Web-Server Of_acme Éa Aß aä"),
        ("{{ externalURL }} {{ pathPrefix }} {{ now }}", "http://monitor.example.org/path /path 5.5"),
        ("{{ parseDuration `1h30m` }} {{ (toTime 0).Year }} {{ safeHtml `<` }}", "5400 1970 <"),
        ("{{ with args 1 `b` }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }}", "1b<no value>"),
        ("{{ urlQueryEscape `a b` }} {{ graphLink `up > 1` }} {{ tableLink `up` }}",
         "a+b /graph?g0.expr=up+%3E+1&g0.tab=0 /graph?g0.expr=up&g0.tab=1"),
    ],
)  # fmt: skip
def test_functions_give_what_prometheus_gives(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{{ query "none" | first }}', "first() called on vector with no elements"),
        ('{{ query "bad" }}', "no such thing"),
        ('{{ match "(" "a" }}', "'(' is no regular expression"),
        ('{{ parseDuration "soon" }}', "'soon' is no duration"),
        ("{{ toUpper 1 }}", "expected string; got int"),
        ("{{ first `a` }}", "expected template.queryResult; got string"),
        ("{{ value 1.5 }}", "expected *template.sample; got float64"),
        ('{{ query "up" }}', "has no text; take a part of it"),
    ],
)
def test_what_does_not_suit_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as error:
        render(text)
    assert reason in str(error.value)
