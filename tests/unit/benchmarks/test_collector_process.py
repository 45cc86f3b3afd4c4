"""The collector under test is configured with files that it takes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.certificates import Files
from benchmarks.collector_process import Setup, write_configuration
from benchmarks.rule_evaluation_sides import RULES
from monitor_collector import config


def test_the_configuration_is_what_the_setup_says(tmp_path: Path) -> None:
    certificates = Files(tmp_path / "ca.pem", tmp_path / "server.pem", tmp_path / "server.key")
    setup = Setup(
        port=9430,
        rule_files=[RULES],
        webhook_url="http://127.0.0.1:1/ours",
        targets=[{"instance": "host-1", "interval_seconds": 1}],
        thresholds={"host-1": {"cpu": 0.9}},
        certificates=certificates,
        tokens={"host-1": "secret"},
        settings={"head_window_seconds": 600},
    )
    assert setup.url == "https://127.0.0.1:9430"
    loaded = config.load(write_configuration(setup, tmp_path))
    assert (loaded.settings.port, loaded.settings.head_window_seconds) == (9430, 600)
    assert loaded.settings.data_directory == tmp_path / "data"
    assert loaded.settings.tls is not None and loaded.settings.tls.key_file == certificates.key
    assert [target.instance for target in loaded.targets] == ["host-1"]
    assert loaded.thresholds == {"host-1": {"cpu": 0.9}}
    assert loaded.credentials is not None and list(loaded.credentials.values()) == ["host-1"]
    assert sum(len(group.rules) for group in loaded.groups) == 25


def test_the_least_setup_pushes_without_tls_and_token(tmp_path: Path) -> None:
    setup = Setup(port=9430)
    assert setup.url == "http://127.0.0.1:9430"
    loaded = config.load(write_configuration(setup, tmp_path))
    assert loaded.credentials is None and loaded.settings.tls is None
