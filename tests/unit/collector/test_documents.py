from __future__ import annotations

from pathlib import Path

from monitor_collector.documents import Checker


def test_a_key_of_its_own_goes_before_what_a_mapping_merges_and_keeps_its_line(tmp_path: Path) -> None:
    file = tmp_path / "file.yml"
    file.write_text("a: &a {k: 1, m: 2}\nb: &b\n  <<: *a\n  k: 3\nc:\n  <<: [*b, *a]\n")
    checker = Checker(file)
    content = checker.load_mapping()
    assert not checker.problems
    assert content is not None
    assert (content["b"], content["c"]) == ({"k": 3, "m": 2}, {"k": 3, "m": 2})
    assert content["b"].lines == {"k": 4, "m": 1}


def test_what_cannot_be_merged_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "file.yml"
    file.write_text("a: 1\nb:\n  <<: [1]\n")
    checker = Checker(file)
    assert checker.load_mapping() is None
    assert [(problem.line, problem.what) for problem in checker.problems] == [(3, "is no YAML: << takes a mapping")]
