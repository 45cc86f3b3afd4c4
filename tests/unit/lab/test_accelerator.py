"""Whether processors run virtual machines is found by trying, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import accelerator

GETS_TO_ITS_END = 'echo "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"'


class Qemu:
    """An emulator on the PATH that does what a line of shell says, and counts its starts."""

    def __init__(self, directory: Path) -> None:
        self.starts = directory / "starts"
        self._program = directory / "qemu-system-x86_64"

    def does(self, line: str) -> None:
        self._program.write_text(f"#!/bin/sh\necho >> {self.starts}\n{line}\n")
        self._program.chmod(0o755)

    @property
    def start_count(self) -> int:
        return len(self.starts.read_text().splitlines()) if self.starts.exists() else 0


@pytest.fixture
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Qemu:
    """On a machine with a device for KVM and a kernel to try."""
    monkeypatch.delenv("LAB_DRIVER", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(accelerator, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(accelerator, "DEVICE", tmp_path / "kvm")
    (tmp_path / "kvm").touch()
    (tmp_path / "cache" / "boxes").mkdir(parents=True)
    (tmp_path / "cache" / "boxes" / "bookworm.vmlinuz").touch()
    return Qemu(tmp_path)


def test_a_kernel_that_gets_to_its_end_shows_that_kvm_works_and_is_tried_once(qemu: Qemu) -> None:
    qemu.does(GETS_TO_ITS_END)
    assert [accelerator.accelerator(), accelerator.accelerator()] == ["kvm", "kvm"]
    assert qemu.start_count == 1


@pytest.mark.parametrize("line", ["kill -ABRT $$", "echo booting", f"{GETS_TO_ITS_END}; exit 1", "exec sleep 60"])
def test_a_device_that_opens_and_runs_no_kernel_is_not_used(
    qemu: Qemu, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in line:
        monkeypatch.setattr(accelerator, "TRIAL_SECONDS", 0.2)
    qemu.does(line)
    assert [accelerator.accelerator(), accelerator.accelerator()] == ["qemu", "qemu"]
    assert qemu.start_count == 1


def test_without_a_device_nothing_is_tried(qemu: Qemu) -> None:
    accelerator.DEVICE.unlink()
    qemu.does(GETS_TO_ITS_END)
    assert accelerator.accelerator() == "qemu"
    assert qemu.start_count == 0


def test_what_cannot_be_tried_is_believed(qemu: Qemu, monkeypatch: pytest.MonkeyPatch) -> None:
    qemu.does("exit 1")
    monkeypatch.setattr(accelerator, "a_kernel", lambda: None)
    assert accelerator.accelerator() == "kvm"


def test_the_environment_has_the_last_word(qemu: Qemu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_DRIVER", "qemu")
    qemu.does(GETS_TO_ITS_END)
    assert accelerator.accelerator() == "qemu"
    assert qemu.start_count == 0
