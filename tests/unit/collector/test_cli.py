"""The command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor_collector import __version__
from monitor_collector.cli import main

GOOD = {
    "collector": "external_url: http://monitor:9430",
    "targets": "targets: [{instance: web-1}]",
    "thresholds": "thresholds: {web-1: {load: 2}}",
    "receivers": "receivers: [{name: team, webhook: {url: 'http://hook/'}}]",
    "credentials": f"web-1: '{'a' * 64}'",
    "rules": "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]",
}


@pytest.mark.parametrize("kind", GOOD)
def test_one_file_can_be_checked_whatever_its_name(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate = tmp_path / "tmpx8f2"
    candidate.write_text(GOOD[kind])
    assert main(["check", kind, str(candidate)]) == 0
    assert capsys.readouterr().err == ""
    candidate.write_text("nonsense: 1")
    assert main(["check", kind, str(candidate)]) == 1
    assert f"{candidate}:1: nonsense: " in capsys.readouterr().err


def test_several_rule_files_are_checked_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / name for name in ("a.yml", "b.yml")]
    for file in files:
        file.write_text("groups: [{name: g, rules: [{alert: A, expr: 'up =='}]}]")
    assert main(["check", "rules", *map(str, files)]) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [str(file) for file in files]


def test_a_whole_directory_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("collector", "targets", "thresholds", "receivers"):
        (tmp_path / f"{name}.yml").write_text(GOOD[name])
    assert main(["check", "config", str(tmp_path)]) == 0
    (tmp_path / "targets.yml").write_text("targets: 1")
    assert main(["check", "config", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path}/targets.yml:1: targets: must be a list, each entry beginning with a dash\n"
    )


def test_a_configuration_that_cannot_be_used_ends_the_program_with_a_line_each(tmp_path: Path) -> None:
    (tmp_path / "collector.yml").write_text("listen: x\n")
    command = [sys.executable, "-m", "monitor_collector", "run", "--config-directory", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 1
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["listen", "external_url"]
    assert all(line.startswith("<3>") for line in result.stderr.splitlines())


def test_the_version_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"{__version__}\n")
