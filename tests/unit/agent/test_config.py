"""agent.ini: what is wrong is named with its place and an example."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.cli import main
from monitor_agent.config import Config, ConfigError, read_config

GOOD = """\
[agent]
instance = web-1
interval_seconds = 2
[labels]
env = lab
[push]
url = https://monitor:9430/api/v1/import/prometheus
[collectors]
diskstats = false
"""


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "agent.ini"
    path.write_text(text)
    return read_config(str(path))


def test_a_good_file_is_read_with_its_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)
    assert config.instance == "web-1"
    assert config.interval_seconds == 2
    assert config.labels == {"env": "lab", "instance": "web-1", "job": "host"}
    assert config.spool_max_bytes == 64 * 1024 * 1024
    assert "diskstats" not in config.collectors
    assert "cpu" in config.collectors


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("instance = web-1", "", "[agent] instance is missing"),
        ("interval_seconds = 2", "interval_seconds = often", "[agent] interval_seconds is 'often': give a number"),
        ("interval_seconds = 2", "interval_seconds = 0", "[agent] interval_seconds is '0'"),
        ("interval_seconds = 2", "interval = 2", "[agent] interval is unknown"),
        ("env = lab", "1env = lab", "[labels] 1env is no name"),
        ("env = lab", "instance = other", "[labels] instance is no name"),
        ("url = https", "url = ftp", "[push] url is 'ftp://"),
        ("diskstats = false", "diskstats = perhaps", "[collectors] diskstats is 'perhaps'"),
        ("diskstats = false", "disks = false", "[collectors] disks is unknown; there are cpu"),
        ("[push]", "[pull]", "section [pull] is unknown"),
        (
            "interval_seconds = 2",
            "filesystem_fs_types_exclude = (",
            "filesystem_fs_types_exclude is no regular expression",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as error:
        read(tmp_path, GOOD.replace(old, new))
    assert complaint in str(error.value)
    assert str(tmp_path / "agent.ini") in str(error.value)


def test_check_prints_every_problem_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "agent.ini"
    path.write_text("[agent]\ninterval_seconds = x\n")
    assert main(["check", "--config", str(path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_check_is_content_with_a_good_file(tmp_path: Path) -> None:
    (tmp_path / "agent.ini").write_text(GOOD)
    assert main(["check", "--config", str(tmp_path / "agent.ini")]) == 0


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", "/nonexistent/agent.ini"]) == 1
    assert "/nonexistent/agent.ini" in capsys.readouterr().err
