"""Templates that ask for more than any label needs: an error or a text of bounded length, never another exception."""

from __future__ import annotations

import pytest

from monitor_collector.go_template.errors import LONGEST_TEXT
from monitor_collector.templates import Surroundings, Template, TemplateError

DOUBLED = '{{ $x := "a" }}' + "{{ $x = printf `%s%s` $x $x }}" * 40 + "{{ len $x }}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ range 1000000000 }}{{ end }}", "goes through its loops"),
        ("{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}", "goes through its loops"),
        ('{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}{{ template "a" }}', "calls itself too often"),
        (DOUBLED, f"more than {LONGEST_TEXT} characters"),
        ("{{ len (printf `" + "%1000000d" * 300 + "`" + " 1" * 300 + ") }}", f"more than {LONGEST_TEXT} characters"),
        ("{{ if 1 }}" * 3000 + "{{ end }}" * 3000, "nested too deeply"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nested too deeply"),
        ("{{ " + "9" * 6000 + " }}", "is too large"),
    ],
)
def test_what_has_no_end_is_refused(text: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason):
        Template(text).render({}, 0, Surroundings())


@pytest.mark.parametrize(
    "text",
    [
        "{{ printf `%[" + "9" * 6000 + "]d` 1 }}",
        "{{ printf `%1000000000d` 1 }}",
        '{{ reReplaceAll "(a+)+$" "b" "' + "a" * 60 + 'c" }}',
        '{{ reReplaceAll "(a|aa)+$" "b" "' + "a" * 60 + 'c" }}',
    ],
)
def test_what_looks_expensive_is_not(text: str) -> None:
    assert len(Template(text).render({}, 0, Surroundings())) < 100
