"""The configuration directory and what is said about mistakes in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor_collector import config
from monitor_collector.config import Target, Tls
from monitor_collector.documents import ConfigError
from monitor_collector.notifications.policy import Policy
from monitor_collector.push_limits import Limits

COLLECTOR = "external_url: http://monitor:9430\n"


def read(reader: Callable[[Path], Any], tmp_path: Path, text: str) -> Any:
    file = tmp_path / "candidate"
    file.write_text(text)
    return reader(file)


def problems(reader: Callable[[Path], Any], tmp_path: Path, text: str) -> list[str]:
    """What is said about a text, without the directory of the file."""
    with pytest.raises(ConfigError) as error:
        read(reader, tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/") for line in str(error.value).splitlines()]


def test_only_the_external_url_must_be_given(tmp_path: Path) -> None:
    settings = read(config.read_settings, tmp_path, COLLECTOR)
    assert (settings.host, settings.port) == ("0.0.0.0", 9430)
    assert settings.data_directory == Path("/var/lib/monitor-collector")
    assert settings.evaluation_interval_seconds == 1
    assert settings.head_window_seconds == 900
    assert (settings.retention_days, settings.retention_gigabytes) == (30, None)
    assert (settings.query_timeout_seconds, settings.query_max_samples) == (30, 50_000_000)
    assert settings.query_lookback_seconds == 300
    assert settings.tls is None


def test_every_setting_is_read(tmp_path: Path) -> None:
    text = """\
listen: "[::1]:1234"
external_url: https://monitor.example.org/x
data_directory: /srv/monitor
evaluation_interval_seconds: 0.5
head_window_seconds: 600
retention_days: 7
retention_gigabytes: 2.5
query_timeout_seconds: 10
query_max_samples: 1000
query_lookback_seconds: 60
push_limits: {host_series: 500, labels: 10}
tls: {certificate_file: /c.pem, key_file: /k.pem}
credentials_file: /credentials.yml
api_credentials_file: /api-credentials.yml
"""
    settings = read(config.read_settings, tmp_path, text)
    assert settings == config.Settings(
        host="::1",
        port=1234,
        external_url="https://monitor.example.org/x",
        data_directory=Path("/srv/monitor"),
        evaluation_interval_seconds=0.5,
        head_window_seconds=600,
        retention_days=7,
        retention_gigabytes=2.5,
        query_timeout_seconds=10,
        query_max_samples=1000,
        query_lookback_seconds=60,
        push_limits=Limits(host_series=500, labels=10),
        tls=Tls(Path("/c.pem"), Path("/k.pem")),
        credentials_file=Path("/credentials.yml"),
        api_credentials_file=Path("/api-credentials.yml"),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "query_max_samples: 1.5\n" + COLLECTOR,
            "candidate:1: query_max_samples: 1.5 must be a whole number above 0",
        ),
        (
            "listen: 9430\n" + COLLECTOR,
            "candidate:1: listen: 9430 must be an address and a port, for example 0.0.0.0:9430",
        ),
        ("listen: 1.2.3.4:70000\n" + COLLECTOR, "candidate:1: listen: '1.2.3.4:70000' must be an address and a port"),
        (COLLECTOR + "tsl: {}\n", "candidate:2: tsl: is not known here; the keys are listen, external_url"),
        (COLLECTOR + COLLECTOR, "candidate:2: is no YAML: 'external_url' is there twice"),
        ("{}", "candidate:1: external_url: is missing"),
        ("external_url: monitor\n", "candidate:1: external_url: 'monitor' must be an http or https address"),
        (COLLECTOR + "data_directory: data\n", "candidate:2: data_directory: 'data' must be an absolute path"),
        (COLLECTOR + "evaluation_interval_seconds: 0\n", "0 must be a number above 0, for example 5"),
        (COLLECTOR + "evaluation_interval_seconds: true\n", "True must be a number above 0"),
        (COLLECTOR + "head_window_seconds: 5\n", "must be a whole number of seconds, at least 60"),
        (COLLECTOR + "tls: yes\n", "candidate:2: tls: must be a mapping with the keys certificate_file, key_file"),
        (COLLECTOR + "tls: {key_file: /k}\n", "candidate:2: tls: certificate_file: is missing"),
        ("- a\n", "candidate:1: is no mapping of keys to values"),
        ("a: [\n", "candidate:2: is no YAML:"),
        ("[a]: 1\n", "candidate:1: is no YAML:"),
    ],
)
def test_a_mistake_in_the_settings_is_told_with_its_line_its_key_and_a_right_value(
    tmp_path: Path, text: str, problem: str
) -> None:
    (line,) = problems(config.read_settings, tmp_path, text)
    assert problem in line


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "listen: x\nexternal_url: y\nz: 1\n"
    found = problems(config.read_settings, tmp_path, text)
    assert [line.split(":")[1] for line in found] == ["3", "1", "2"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.yml: there is no such file"):
        config.read_settings(tmp_path / "nothing.yml")


def test_targets_have_an_interval_and_labels(tmp_path: Path) -> None:
    text = """\
targets:
  - {instance: web-1, interval_seconds: 1, labels: {env: lab, canary: true, rank: 1}}
  - {instance: web-2}
"""
    assert read(config.read_targets, tmp_path, text) == (
        Target("web-1", 1, {"env": "lab", "canary": "true", "rank": "1"}),
        Target("web-2", 5, {}),
    )


@pytest.mark.parametrize("text", ["targets: []", "targets:"])
def test_there_may_be_no_targets(tmp_path: Path, text: str) -> None:
    assert read(config.read_targets, tmp_path, text) == ()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{interval_seconds: 1}", "candidate:2: target 1: instance: is missing"),
        ("{instance: web-1, interval_seconds: -1}", "web-1: interval_seconds: -1 must be a number above 0"),
        ("{instance: web-1, labels: [a]}", "must be a mapping of label names to values"),
        ("{instance: web-1, labels: {a-b: c}}", "has the label 'a-b'"),
        ("{instance: web-1, labels: {a: }}", "has no text for the label a"),
        ("{instance: web-1, labels: {job: x}}", "web-1: labels must not contain job"),
        ("web-1", "target 1: must be a mapping with the keys instance"),
        ("{instance: web-1}\n  - {instance: web-1}", "candidate:3: web-1: is there twice"),
    ],
)
def test_a_mistake_in_the_targets_names_the_host(tmp_path: Path, entry: str, problem: str) -> None:
    (line,) = problems(config.read_targets, tmp_path, f"targets:\n  - {entry}\n")
    assert problem in line


def test_thresholds_are_numbers_by_host_and_name(tmp_path: Path) -> None:
    text = "thresholds:\n  web-1: {cpu_used_ratio: 0.9, load: 2}\n"
    assert read(config.read_thresholds, tmp_path, text) == {"web-1": {"cpu_used_ratio": 0.9, "load": 2}}
    assert read(config.read_thresholds, tmp_path, "thresholds:\n") == {}


@pytest.mark.parametrize("level", ["high", "true", ".nan", "'0.9'"])
def test_a_threshold_that_is_no_number_is_named_with_its_host(tmp_path: Path, level: str) -> None:
    (line,) = problems(config.read_thresholds, tmp_path, f"thresholds:\n  web-1:\n    cpu_used_ratio: {level}\n")
    assert line.startswith("candidate:3: web-1: cpu_used_ratio: ")
    assert "write for example 0.9" in line


def test_credentials_are_looked_up_by_the_hash_of_the_token(tmp_path: Path) -> None:
    first, second = "a" * 64, "0" * 63 + "1"
    text = f"web-1: '{first}'\nweb-2: '{second}'\n"
    assert read(config.read_credentials, tmp_path, text) == {first: "web-1", second: "web-2"}
    assert (
        "web-2: has the same token as web-1"
        in problems(config.read_credentials, tmp_path, f"web-1: '{first}'\nweb-2: '{first}'\n")[0]
    )
    assert "web-1: must be the sha256" in problems(config.read_credentials, tmp_path, "web-1: token\n")[0]


def write_directory(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "rules.d").mkdir()
    for name, text in {"collector": COLLECTOR, **files}.items():
        (tmp_path / f"{name}.yml").write_text(text)
    return tmp_path


def test_a_directory_with_settings_alone_is_a_configuration(tmp_path: Path) -> None:
    found = config.load(write_directory(tmp_path))
    assert (found.targets, found.thresholds, found.groups, found.credentials) == ((), {}, (), None)
    assert found.notifications == Policy()


def test_the_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    directory = write_directory(tmp_path, targets="targets: [1]", receivers="x: 1", thresholds="[]")
    (directory / "rules.d" / "a.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: 'up =='}]}]")
    directory.joinpath("collector.yml").write_text("{}")
    with pytest.raises(ConfigError) as error:
        config.load(directory)
    named = {Path(problem.file).name for problem in error.value.problems}
    assert named == {"collector.yml", "targets.yml", "receivers.yml", "thresholds.yml", "a.yml"}


def test_credentials_are_read_with_the_directory(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials.yml"
    directory = write_directory(tmp_path, collector=f"{COLLECTOR}credentials_file: {credentials}\n")
    with pytest.raises(ConfigError, match=r"credentials\.yml: there is no such file"):
        config.load(directory)
    credentials.write_text(f"web-1: '{'a' * 64}'")
    assert config.load(directory).credentials == {"a" * 64: "web-1"}


def test_a_limit_of_pushes_that_is_unknown_or_no_number_is_named(tmp_path: Path) -> None:
    text = "external_url: http://m\npush_limits: {host_series: 0, samples: 1}\n"
    with pytest.raises(ConfigError) as error:
        read(config.read_settings, tmp_path, text)
    assert "host_series" in str(error.value)
    assert "samples" in str(error.value)
