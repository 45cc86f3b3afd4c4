"""Tells whether this machine's processor runs virtual machines, or whether they must be emulated.

That `/dev/kvm` is there says little: inside some virtual machines it opens, and starts no usual kernel. So one is
tried, once for each start of the machine.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from lab.settings import CACHE

KVM = "kvm"
EMULATION = "qemu"
DEVICE = Path("/dev/kvm")
# A kernel gets to its end, which is that it finds no disk, within a second.
TRIAL_SECONDS = 20


def accelerator() -> str:
    """KVM or EMULATION, as libvirt calls them; what LAB_DRIVER says, if it says anything."""
    wanted = os.environ.get("LAB_DRIVER", "")
    if wanted:
        return wanted
    if not DEVICE.exists():
        return EMULATION
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return KVM  # libvirt may use it, we may not: there is no trying
    remembered = CACHE / "accelerators" / Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    if remembered.exists():
        return remembered.read_text()
    kernel = a_kernel()
    if kernel is None:
        return KVM
    found = KVM if runs(kernel) else EMULATION
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(found)
    return found


def a_kernel() -> Path | None:
    """A kernel that can be read: that of a box of ours, or this machine's own."""
    own = Path(f"/boot/vmlinuz-{platform.release()}")
    return next((path for path in [*CACHE.glob("boxes/*.vmlinuz"), own] if os.access(path, os.R_OK)), None)


def runs(kernel: Path) -> bool:
    """Whether a kernel starts under KVM, and gets as far as looking for a disk."""
    machine = ["-accel", KVM, "-machine", "q35", "-cpu", "host", "-m", "256", "-nodefaults", "-display", "none"]
    command = ["qemu-system-x86_64", *machine, "-no-reboot", "-serial", "stdio", "-kernel", str(kernel)]
    try:
        result = subprocess.run(
            [*command, "-append", "console=ttyS0 panic=-1"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return True  # there is no QEMU here to try with
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0 and b"Unable to mount root fs" in result.stdout


if __name__ == "__main__":
    sys.stdout.write(accelerator())
