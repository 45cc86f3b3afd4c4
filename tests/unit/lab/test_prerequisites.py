"""What is missing on the machine, and what is said to somebody who may not install it."""

from __future__ import annotations

import pytest

from lab import prerequisites
from lab.errors import LabError


def test_a_user_without_rights_is_told_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(prerequisites, "succeeds", lambda command: False)
    monkeypatch.setattr(prerequisites.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(LabError, match="sudo apt-get install --yes --no-install-recommends podman lxcfs"):
        prerequisites.install_packages(["podman", "lxcfs"])


def test_a_machine_without_apt_is_told_which_packages_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites.shutil, "which", lambda name: None)
    with pytest.raises(LabError, match="podman lxcfs"):
        prerequisites.install_packages(["podman", "lxcfs"])


def test_only_what_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites, "PACKAGES", {"coreutils": "ls", "imaginary": "no-such-program-anywhere"})
    assert prerequisites.missing_packages() == ["imaginary"]
