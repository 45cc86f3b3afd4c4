"""agent.ini: what is wrong is named with its place and an example."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.cli import main
from monitor_agent.config import Config, ConfigError, read_config
from monitor_agent.url import parse_url

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
        ("env = lab", "instance = other", "[labels] instance is set by the agent itself"),
        ("url = https", "url = ftp", "[push] url is 'ftp://"),
        ("diskstats = false", "diskstats = perhaps", "[collectors] diskstats is 'perhaps'"),
        ("diskstats = false", "disks = false", "[collectors] disks is unknown; the collectors are conntrack, cpu"),
        ("[push]", "[pull]", "section [pull] is unknown"),
        ("interval_seconds = 2", "filesystem_fs_types_exclude = (", "filesystem_fs_types_exclude is '(': no regular"),
        ("interval_seconds = 2", "spool_max_bytes = 1e9", "[agent] spool_max_bytes is '1e9': give a whole number"),
        ("interval_seconds = 2", "spool_directory = spool", "[agent] spool_directory is 'spool': give a path from"),
        ("url = https://monitor", "url = https://me:secret@monitor", "[push] url is 'https://me:secret@monitor"),
        ("url = https", "ca_file = ca.pem\nurl = https", "for example /etc/monitor-agent/ca.pem"),
        ("url = https", "token_file = token\nurl = https", "for example /etc/monitor-agent/token"),
        ("[labels]", "[interval_seconds]\ncpu = 1\n[labels]", "[interval_seconds] cpu is '1': give a number from 2"),
        ("[labels]", "[interval_seconds]\ncpus = 9\n[labels]", "[interval_seconds] cpus is unknown"),
        ("[push]", "[push]\nmode = both", "[push] mode is 'both': say failover or all"),
        ("[push]", "[push second]\n[push]", "[push second] url is missing"),
        ("[push]", "[push second]\nmode = all\n[push]", "[push second] mode is unknown"),
        ("[push]", "[listen]\naddress = 9431\n[push]", "[listen] address is '9431': give an address and a port"),
        ("interval_seconds = 2", "textfile_directory = here", "[agent] textfile_directory is 'here': give a path"),
        (
            "interval_seconds = 2",
            "scripts_timeout_seconds = 0",
            "[agent] scripts_timeout_seconds is '0': give a number",
        ),
        ("[labels]", "[labels]\nenv = twice", "line 6: env is there twice in [labels]"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as error:
        read(tmp_path, GOOD.replace(old, new))
    assert complaint in str(error.value)
    assert str(tmp_path / "agent.ini") in str(error.value)


def test_comments_and_empty_values_are_read_as_a_person_would(tmp_path: Path) -> None:
    text = (
        GOOD.replace("= 2", "= 2 ; often").replace("env = lab", "env =").replace("[push]", "[push]\nca_file =  ; none")
    )
    config = read(tmp_path, text)
    assert config.interval_seconds == 2
    assert config.labels == {"instance": "web-1", "job": "host"}
    assert config.destinations[0].ca_file == ""


def test_further_collectors_take_over_what_they_do_not_say(tmp_path: Path) -> None:
    second = "[push second]\nurl = https://second/\ntimeout_seconds = 3\n"
    config = read(tmp_path, GOOD.replace("[push]", f"{second}[push]\nca_file = /ca.pem\nmode = all"))
    assert [(each.name, each.url.host, each.ca_file, each.timeout_seconds) for each in config.destinations] == [
        ("", "monitor", "/ca.pem", 10),
        ("second", "second", "/ca.pem", 3),
    ]
    assert config.push_mode == "all"


def test_a_collector_may_have_its_own_interval(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD + "[interval_seconds]\nfilesystem = 30\ncpu = 2\n")
    assert config.collectors["filesystem"] == 30
    assert config.collectors["cpu"] == config.collectors["loadavg"] == 0


@pytest.mark.parametrize(
    ("text", "address"), [("127.0.0.1:9431", ("127.0.0.1", 9431)), ("[::1]:80", ("::1", 80)), ("", None)]
)
def test_an_address_to_listen_on_is_taken_apart(tmp_path: Path, text: str, address: tuple[str, int] | None) -> None:
    assert read(tmp_path, f"{GOOD}[listen]\naddress = {text}\n").listen_address == address


def test_every_problem_is_one_line_and_names_a_right_value(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, "[agent]\ninterval_seconds = 0\n[push]\nurl = x\ntimeout_seconds = -1\n[labels]\n1 = 2\n")
    assert len(error.value.problems) == 5
    assert all("\n" not in problem and "for example" in problem for problem in error.value.problems)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://monitor/api", ("http", "monitor", 80, "/api")),
        ("https://monitor", ("https", "monitor", 443, "/")),
        ("https://[fd00::1]:9430/a?b=c", ("https", "fd00::1", 9430, "/a?b=c")),
    ],
)
def test_an_address_is_taken_apart(text: str, parts: tuple[str, str, int, str]) -> None:
    assert parse_url(text) == (text, *parts)


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
