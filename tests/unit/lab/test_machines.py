"""What is known of Vagrant's machines from the files that it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import machines
from lab.errors import LabError


@pytest.fixture
def vagrant_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As Vagrant leaves it: a machine that exists has an id, and a key of its own once it has started."""
    monkeypatch.delenv("LAB_SLOWNESS", raising=False)
    monkeypatch.setenv("VAGRANT_DOTFILE_PATH", str(tmp_path))
    for name in ("web-2", "web-1", "monitor", "web-3"):
        (tmp_path / "machines" / name / "libvirt").mkdir(parents=True)
    for name in ("web-2", "web-1", "monitor"):
        (tmp_path / "machines" / name / "libvirt" / "id").write_text("0f…")
    (tmp_path / "machines" / "monitor" / "libvirt" / "private_key").touch()
    return tmp_path


def test_machines_that_exist_are_found_with_their_addresses_and_keys(vagrant_directory: Path) -> None:
    found = machines.made()
    assert [(one.name, one.provider, one.address.rpartition(".")[2]) for one in found] == [
        ("monitor", "libvirt", "10"),
        ("web-1", "libvirt", "11"),
        ("web-2", "libvirt", "12"),
    ]
    assert found[0].key == vagrant_directory / "machines/monitor/libvirt/private_key"
    assert found[1].key == machines.INSECURE_KEY


def test_without_machines_it_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAGRANT_DOTFILE_PATH", str(tmp_path))
    with pytest.raises(LabError, match="run vagrant up first"):
        machines.made()


@pytest.mark.parametrize(("accelerator", "expected"), [("kvm", 1), ("qemu", machines.EMULATION_SLOWNESS)])
def test_emulated_machines_are_given_more_time(
    vagrant_directory: Path, monkeypatch: pytest.MonkeyPatch, accelerator: str, expected: int
) -> None:
    monkeypatch.setattr(machines, "accelerator", lambda: accelerator)
    assert machines.slowness() == expected
    monkeypatch.setenv("LAB_SLOWNESS", "7")
    assert machines.slowness() == 7


def test_machines_of_virtualbox_are_never_emulated(vagrant_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in list((vagrant_directory / "machines").glob("*/libvirt")):
        place.rename(place.with_name("virtualbox"))
    monkeypatch.setattr(machines, "accelerator", lambda: "qemu")
    assert machines.slowness() == 1


def test_ssh_reaches_each_machine_by_name(vagrant_directory: Path) -> None:
    text = machines.ssh_config()
    assert "Host web-2\n  HostName 192.168.56.12\n" in text
    assert text.count("IdentityFile") == 3
