#!/usr/bin/env python3
"""Boots the machines that are recorded here, one after another, and records each: README.md says what they are.

    python3 virtual_machines.py [NAME...]

Needs root, and Debian's packages mmdebstrap, qemu-system-x86 and e2fsprogs. The root file systems stay in
.build/machines and are used again; what the kernel said is in NAME.log there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[3] / ".build" / "machines"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = (
    *("initramfs-tools", "systemd-sysv", "dbus", "udev", "kmod", "procps", "python3-minimal"),
    *("e2fsprogs", "xfsprogs", "fdisk", "mdadm", "lvm2"),
    *("iproute2", "nftables"),
)
ROOT_MIB = 1500
DISK_MIB = 512
BOOT_LIMIT_SECONDS = 900
# QEMU 7.2 gets the flags of cmpxchg16b wrong now and then, and code wrong that another processor is rewriting; newer
# kernels die of either.
EMULATION = ("-cpu", "max,-cx16", "-accel", "tcg,thread=single")

RECORDER = """\
[Unit]
Description=Records this machine
After=multi-user.target systemd-logind.service
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
StandardOutput=journal+console
StandardError=journal+console
ExecStart=/bin/sh -eux /opt/prepare.sh
ExecStart=/usr/bin/python3 /opt/record.py /run/recording
ExecStart=/bin/sh -euxc 'tar --create --directory=/run/recording . > /dev/virtio-ports/recording'
"""


class VirtualMachine(NamedTuple):
    """A release of Debian with one of its kernels; `disks` are device types of qemu, a file of DISK_MIB for each."""

    suite: str
    kernel: str
    parameters: str
    processors: int
    disks: Sequence[str]
    hardware: Sequence[str] = ()


MACHINES = {
    "debian-11": VirtualMachine("bullseye", "linux-image-cloud-amd64", "ipv6.disable=1 psi=0", 1, ()),
    "debian-12": VirtualMachine("bookworm", "linux-image-cloud-amd64", "", 2, ("virtio-blk-pci,serial=data-1",)),
    "debian-13": VirtualMachine("trixie", "linux-image-cloud-amd64", "psi=1", 2, ("nvme,serial=data-2",)),
    "many-disks": VirtualMachine(
        "trixie",
        "linux-image-amd64",
        "psi=1 hugepages=8 isolcpus=62,63",
        64,
        (
            "nvme,serial=nvme-1",
            "nvme,serial=nvme-2",
            "ide-hd,bus=ide.0,serial=ata-1",
            "ide-hd,bus=ide.1,serial=ata-2,rotation_rate=7200",
            *(f"scsi-hd,bus=scsi.0,serial=scsi-{number},wwn={0x5000C50000000000 + number:#x}" for number in range(20)),
            "virtio-blk-pci,serial=virtio-1",
            "virtio-blk-pci",
        ),
        (
            *("-device", "virtio-scsi-pci,id=scsi"),
            *("-nic", "user,model=e1000e"),
            *("-nic", "user,model=virtio-net-pci"),
            *("-nic", "user,model=virtio-net-pci"),
        ),
    ),
}


class NothingRecorded(Exception):
    """The machine did not get to the end of its script, or its kernel died."""


def main(names: Sequence[str]) -> int:
    if unknown := [name for name in names if name not in MACHINES]:
        print(f"There is no machine {unknown[0]}; there are {', '.join(MACHINES)}.", file=sys.stderr)
        return 2
    for name in names or MACHINES:
        record(name, MACHINES[name])
    return 0


def record(name: str, machine: VirtualMachine) -> None:
    """Boots the machine and replaces its tree. Raises CalledProcessError, TimeoutExpired, or NothingRecorded."""
    files = root_directory(machine)
    with temporary_directory() as work:
        image = make_image(name, files, work / "root.img")
        recording = work / "recording.tar"
        boot = files / "boot"
        command = [
            *("qemu-system-x86_64", *EMULATION, "-machine", "q35", "-m", "2G", "-smp", str(machine.processors)),
            *("-display", "none", "-no-reboot", "-serial", f"file:{CACHE / name}.log"),
            *("-kernel", str(only(boot.glob("vmlinuz-*"))), "-initrd", str(only(boot.glob("initrd.img-*")))),
            *("-append", f"console=ttyS0 root=/dev/vda rw panic=-1 systemd.hostname={name} {machine.parameters}"),
            *("-drive", f"file={image},format=raw,if=none,id=root", "-device", "virtio-blk-pci,drive=root"),
            *("-device", "virtio-serial", "-chardev", f"file,id=recording,path={recording}"),
            *("-device", "virtserialport,chardev=recording,name=recording"),
            *machine.hardware,
            *disk_arguments(machine.disks, work),
        ]
        subprocess.run(command, check=True, timeout=BOOT_LIMIT_SECONDS)
        if not recording.stat().st_size:
            raise NothingRecorded(f"{name} has recorded nothing; {CACHE / name}.log says why")
        (work / "tree").mkdir()
        subprocess.run(["tar", "--extract", f"--file={recording}", f"--directory={work / 'tree'}"], check=True)
        shutil.rmtree(HERE / name, ignore_errors=True)
        shutil.copytree(work / "tree", HERE / name, symlinks=True)


def root_directory(machine: VirtualMachine) -> Path:
    """The root file system of a machine, unpacked."""
    directory = CACHE / f"{machine.suite}-{machine.kernel}"
    if not directory.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with temporary_directory() as work:
            packages = ",".join([machine.kernel, *PACKAGES])
            options = ["--mode=root", "--variant=minbase", f"--include={packages}"]
            subprocess.run(["mmdebstrap", *options, machine.suite, work / "root", MIRROR], check=True)
            (work / "root").rename(directory)
    return directory


def make_image(name: str, files: Path, image: Path) -> Path:
    """A disk with the root file system, the recorder, and what prepares this machine."""
    (files / "etc/systemd/system/record.service").write_text(RECORDER)
    wanted = files / "etc/systemd/system/graphical.target.wants"
    wanted.mkdir(parents=True, exist_ok=True)
    (wanted / "record.service").unlink(missing_ok=True)
    (wanted / "record.service").symlink_to("../record.service")
    shutil.copy(HERE / "record.py", files / "opt/record.py")
    shutil.copy(HERE / f"{name}.sh", files / "opt/prepare.sh")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", files, image, f"{ROOT_MIB}M"], check=True)
    return image


def disk_arguments(devices: Sequence[str], work: Path) -> Iterator[str]:
    for number, device in enumerate(devices):
        file = work / f"disk-{number}.img"
        file.touch()
        os.truncate(file, DISK_MIB * 2**20)
        yield from ("-drive", f"file={file},format=raw,if=none,id=disk{number},discard=unmap")
        yield from ("-device", f"{device},drive=disk{number}")


def only(paths: Iterator[Path]) -> Path:
    (path,) = paths
    return path


@contextmanager
def temporary_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
