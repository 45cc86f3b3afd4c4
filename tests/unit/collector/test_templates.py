"""The templates in rules: what an alert brings to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.template_functions import FUNCTIONS
from monitor_collector.templates import Surroundings, Template, TemplateError

SURROUNDINGS = Surroundings("http://monitor", {"region": "eu"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $labels.instance }} is down", "web-1 is down"),
        ("{{.Labels.instance}}: {{.Value}}", "web-1: 0.932"),
        ("{{ $labels.nothing }}.", "."),
        ("{{ $value | humanizePercentage }}", "93.2%"),
        ("{{ $externalURL }}/x {{ .ExternalURL }}", "http://monitor/x http://monitor"),
        ("{{ $externalLabels.region }}{{ .ExternalLabels.none }}", "eu"),
        ("{{ $labels }}", "map[instance:web-1]"),
        ("no actions, } and { alone", "no actions, } and { alone"),
    ],
)
def test_templates_are_filled_with_what_the_alert_brings(text: str, expected: str) -> None:
    assert Template(text).render({"instance": "web-1"}, 0.932, SURROUNDINGS) == expected


def test_templates_inside_have_no_variables_of_the_alert() -> None:
    with pytest.raises(TemplateError, match="undefined variable"):
        Template('{{ define "x" }}{{ $value }}{{ end }}')


def test_a_template_keeps_its_text() -> None:
    assert Template("{{ $value }}").text == "{{ $value }}"


WORDS = [
    *FUNCTIONS,
    "$labels",
    "$value",
    ".Labels.a",
    "$externalURL",
    '"up"',
    "`a.b:1`",
    "1",
    "1.5",
    "|",
    "(",
    ")",
    "nil",
]


@given(st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join), st.floats(), st.text(max_size=5))
@settings(max_examples=200, deadline=None)
def test_nothing_but_template_errors_comes_out(action: str, value: float, label: str) -> None:
    def query(_: str) -> list[tuple[dict[str, str], float]]:
        return [({"a": label}, value)]

    try:
        template = Template(f"{{{{ {action} }}}}")
        assert isinstance(template.render({"a": label}, value, Surroundings(label, {}, query)), str)
    except TemplateError as error:
        assert str(error)
