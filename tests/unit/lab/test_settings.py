"""The LAB_* variables."""

from __future__ import annotations

import pytest

from lab import settings
from lab.errors import LabError


def test_the_default_lab_has_a_monitor_and_a_server_of_each_release(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAB_NAME", "LAB_RELEASES", "LAB_PORT"):
        monkeypatch.delenv(name, raising=False)
    lab = settings.from_environment()
    assert [(host.name, host.release) for host in lab.hosts] == [
        ("monitor", "bookworm"),
        ("web-1", "bullseye"),
        ("web-2", "bookworm"),
        ("web-3", "trixie"),
    ]
    assert lab.port == 9430


@pytest.mark.parametrize(
    ("name", "value"),
    [("LAB_RELEASES", "bookworm"), ("LAB_PORT", "http"), ("LAB_PORT", "70000"), ("LAB_NAME", "a/b"), ("LAB_NAME", "")],
)
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(LabError, match=name):
        settings.from_environment()


def test_two_labs_share_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_NAME", "one")
    one = settings.from_environment()
    monkeypatch.setenv("LAB_NAME", "two")
    two = settings.from_environment()
    assert one.network != two.network
    assert one.state != two.state
    assert one.proc_view != two.proc_view
    assert {one.container(host) for host in one.hosts}.isdisjoint(two.container(host) for host in two.hosts)
