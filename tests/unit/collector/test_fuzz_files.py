"""Files that no person would write: each is read, or refused with a ConfigError, within bounds."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.config import load
from monitor_collector.documents import Checker, ConfigError
from monitor_collector.rule_files import read_groups
from monitor_collector.rule_tests.cases import read_tests

RULES = """\
groups:
  - name: hosts
    interval: 30s
    limit: 10
    rules:
      - record: instance:load:ratio
        expr: node_load1 / 4
        labels: &labels {team: ops}
      - alert: HostDown
        expr: up{job="host"} == 0
        for: 1m
        labels: {<<: *labels, severity: critical}
        annotations:
          summary: "{{ $labels.instance }} is silent"
"""
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
PIECES = [
    "\0", "\ufeff", "\t", "&a ", "*a", "<<: ", "? ", "- ", ": ", "[", "]", "{", "}", "'", '"', "|", "---\n", "\n",
    "!!int ", "!!float x", "!!timestamp x", "2020-13-45", "9" * 5000, "0x" + "f" * 5000, ".nan", "null", "~",
    "%YAML 3\n", "\\U7fffffff",
]  # fmt: skip

cuts = st.tuples(st.integers(0, len(RULES)), st.integers(0, 20), st.sampled_from([*PIECES, ""]))


@settings(max_examples=200, deadline=None)
@given(st.lists(cuts, min_size=1, max_size=4))
def test_a_mutilated_file_is_read_or_refused(changes: list[tuple[int, int, str]]) -> None:
    text = RULES
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
    with TemporaryDirectory() as directory:
        file = Path(directory) / "rules.yml"
        file.write_text(text, encoding="utf-8")
        for read in (read_groups, read_tests):
            try:
                read(file)
            except ConfigError as error:
                assert error.problems
                assert all(problem.file == str(file) for problem in error.problems)
        Checker(file).load()


@pytest.mark.parametrize("value", ["2020-13-45", "9" * 5000, "0x" + "f" * 500, "!!float x", "!!int ''", "!!bool x"])
def test_what_only_looks_like_a_number_or_date_is_told_with_its_line(tmp_path: Path, value: str) -> None:
    file = tmp_path / "collector.yml"
    file.write_text(f"a: 1\nb: {value}\n")
    checker = Checker(file)
    assert checker.load() is None
    assert [problem.line for problem in checker.problems] == [2]


def test_an_escaped_character_that_does_not_exist_is_told(tmp_path: Path) -> None:
    file = tmp_path / "collector.yml"
    file.write_text('a: "\\U7fffffff"\n')
    checker = Checker(file)
    assert checker.load() is None
    assert "is no YAML" in str(checker.problems[0])


@pytest.mark.parametrize("key", ["interval", "limit", "labels", "name"])
def test_a_list_that_holds_itself_a_billion_times_is_shown_in_a_few_words(tmp_path: Path, key: str) -> None:
    file = tmp_path / "rules.yml"
    name = "" if key == "name" else "name: a, "
    file.write_text(f"{BOMB}groups: [{{{name}rules: [], {key}: *a11}}]\n")
    with pytest.raises(ConfigError) as caught:
        read_groups(file)
    assert len(str(caught.value)) < 5000


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "collector.yml").write_bytes(b"listen: \xff\xfe\x00\n")
    with pytest.raises(ConfigError, match=r"collector\.yml"):
        load(tmp_path)
