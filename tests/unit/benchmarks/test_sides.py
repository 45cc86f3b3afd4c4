"""Each side is started as it is on a host."""

from __future__ import annotations

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.sides import UNIT, parse_unit, total

SERVICE = """\
[Service]
ExecStart={{ ansible_facts['python']['executable'] }} -I -S /opt/%i/monitor-agent.pyz run --config /etc/agent.ini
# Environment=COMMENT=1
Environment=MALLOC_ARENA_MAX=1 "WORDS=two words"
Environment=LAST=a=b
"""


def test_the_command_is_that_of_the_unit_with_what_differs_left_open() -> None:
    assert parse_unit(SERVICE).command == ("{python}", "-I", "-S", "{program}", "run", "--config", "{config}")


def test_the_environment_is_that_of_the_unit() -> None:
    assert parse_unit(SERVICE).environment == {"MALLOC_ARENA_MAX": "1", "WORDS": "two words", "LAST": "a=b"}


def test_the_role_has_a_unit_that_the_benchmark_understands() -> None:
    command = parse_unit(UNIT.read_text()).command
    assert command[0] == "{python}"
    assert command.count("{program}") == command.count("{config}") == 1


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        (SERVICE + "Environment=LEVEL={{ monitor_level }}\n", "Environment=LEVEL={{ monitor_level }}"),
        ("[Service]\nType=notify\n", "no ExecStart"),
    ],
)
def test_a_unit_that_it_does_not_understand_is_told(template: str, complaint: str) -> None:
    with pytest.raises(BenchmarkError, match=complaint):
        parse_unit(template)


def test_a_counter_is_added_up_over_its_series_and_mistaken_for_no_other() -> None:
    text = (
        'rows_total{path="/a b",url="1"} 12\nrows_total{url="2"} 1e3\nrows_total_more 5\nmore_rows_total 7\nother 1\n'
    )
    assert total(text, "rows_total") == 1012
    assert total(text, "other") == 1
    assert total(text, "missing") == 0
