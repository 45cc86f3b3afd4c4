"""Makes the box: a root directory, a disk with it, and the archive that `vagrant box add` takes.

A box is named after its recipe, so a changed recipe is a new box and everything else is found ready-made.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import debian, prerequisites
from lab.commands import as_root, run
from lab.progress import step
from lab.settings import CACHE, MONITOR_RELEASE

NAME = "monitor-lab"
HERE = Path(__file__).resolve().parent

# Debian package -> a program or file that shows that it is there.
TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "qemu-utils": "qemu-img",
    "fdisk": "sfdisk",
    "e2fsprogs": "mke2fs",
    "extlinux": "extlinux",
    "syslinux-common": "/usr/lib/EXTLINUX/mbr.bin",
}
PACKAGES = (
    *debian.packages(MONITOR_RELEASE),
    "linux-image-cloud-amd64",
    "initramfs-tools",
    "lz4",
    "systemd-resolved",
)
# The public half of the key that Vagrant documents as its insecure one; no secret, and replaced at the first start.
INSECURE_KEY = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct"
    "1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUec"
    "p4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hruc"
    "XzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ== vagrant insecure public key\n"
)
DISK_BYTES = 4 * 1024**3
# Where the only partition begins: where every tool of today puts the first one.
OFFSET_BYTES = 1024**2
# The code of a boot sector; behind it is the partition table.
BOOT_CODE_BYTES = 440


def box_path() -> Path:
    """Where the box of today's recipe is, once it has been made."""
    scripts = [(HERE / name).read_text() for name in ("essential.sh", "customise.sh", "build.py")]
    recipe = "\n".join([MONITOR_RELEASE, *PACKAGES, *debian.LEAVE_OUT, *scripts])
    return CACHE / "boxes" / f"{MONITOR_RELEASE}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}.box"


def kernel_path(box: Path) -> Path:
    """Its kernel, beside the box: to try whether this machine can run it."""
    return box.with_suffix(".vmlinuz")


def ensure_box() -> Path:
    """The box, built now if it is not there yet. Raises LabError."""
    box = box_path()
    if box.exists() and kernel_path(box).exists():
        return box
    prerequisites.install_packages(prerequisites.missing_of(TOOLS))
    box.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=box.parent, prefix="building-") as place:
        _build(Path(place), box)
    for path in box.parent.glob(f"{MONITOR_RELEASE}-*"):
        if path.stem != box.stem:
            path.unlink()
    return box


def _build(place: Path, box: Path) -> None:
    root, disk, image = place / "root", place / "disk.raw", place / "box.img"
    key = place / "key.pub"
    key.write_text(INSECURE_KEY)
    try:
        with step(f"making the root directory of a box with Debian {MONITOR_RELEASE}"):
            hooks = [
                f'--essential-hook=sh {HERE / "essential.sh"} "$1"',
                f'--customize-hook=INSECURE_KEY={key} sh {HERE / "customise.sh"} "$1"',
            ]
            mirror = debian.mirror_of_this_machine()
            run(as_root(debian.bootstrap(MONITOR_RELEASE, str(root), mirror, PACKAGES, hooks)))
        with step("making the box's disk"):
            _make_disk(root, disk)
            run(["qemu-img", "convert", "-O", "qcow2", str(disk), str(image)])
        with step("packing the box"):
            metadata = {"provider": "libvirt", "format": "qcow2", "virtual_size": DISK_BYTES // 1024**3}
            (place / "metadata.json").write_text(json.dumps(metadata))
            packed = place / "packed.box"
            with tarfile.open(packed, "w:gz", compresslevel=1) as archive:
                archive.add(place / "metadata.json", "metadata.json")
                archive.add(image, "box.img")
            kernel_path(box).write_bytes(next((root / "boot").glob("vmlinuz-*")).read_bytes())
            packed.rename(box)
    finally:
        run(as_root(["rm", "--recursive", "--force", str(root)]))


def _make_disk(root: Path, disk: Path) -> None:
    """A disk with one partition that has everything in `root`, and starts from it."""
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
    run(["sfdisk", "--quiet", str(disk)], input_text=f"start={OFFSET_BYTES // 512}, type=83, bootable\n")
    blocks = (DISK_BYTES - OFFSET_BYTES) // 4096
    options = ["-L", "root", "-b", "4096", "-O", "^64bit,^metadata_csum", "-E", f"offset={OFFSET_BYTES}"]
    run(as_root(["mke2fs", "-q", "-t", "ext4", *options, "-d", str(root), str(disk), str(blocks)]))
    with _mounted(disk) as mounted:
        run(as_root(["extlinux", "--install", str(mounted / "boot" / "extlinux")]))
    with disk.open("r+b") as file:
        file.write(Path(TOOLS["syslinux-common"]).read_bytes()[:BOOT_CODE_BYTES])


@contextmanager
def _mounted(disk: Path) -> Iterator[Path]:
    place = disk.with_suffix(".mounted")
    place.mkdir()
    run(as_root(["mount", "-o", f"loop,offset={OFFSET_BYTES}", str(disk), str(place)]))
    try:
        yield place
    finally:
        run(as_root(["umount", str(place)]))
