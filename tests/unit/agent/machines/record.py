#!/usr/bin/env python3
"""Copies what the agent's collectors read on this machine into a directory, a root that the tests can use.

    python3 record.py DIRECTORY [PATTERN...]

Needs nothing but Python 3.9. PATTERNs name more files, for example '/sys/class/power_supply/*/*'. Files that are not
there or cannot be read are left out, as a collector would find them. As root it sees more than as another user.
Look through the result before you give it to anybody: it holds names of mounts, processes and disks, and serial
numbers.
"""

from __future__ import annotations

import glob
import os
import sys
from pathlib import Path

PATTERNS = (
    "/etc/os-release",
    "/usr/lib/os-release",
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/mdstat",
    "/proc/meminfo",
    "/proc/mounts",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/vmstat",
    "/proc/1/mountinfo",
    "/proc/1/mounts",
    "/proc/self/mountinfo",
    "/proc/net/dev",
    "/proc/net/netstat",
    "/proc/net/snmp",
    "/proc/net/snmp6",
    "/proc/net/sockstat",
    "/proc/net/sockstat6",
    "/proc/net/stat/nf_conntrack",
    "/proc/pressure/*",
    "/proc/sys/fs/file-nr",
    "/proc/sys/kernel/domainname",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/threads-max",
    "/proc/sys/kernel/random/entropy_avail",
    "/proc/sys/kernel/random/poolsize",
    "/proc/sys/net/netfilter/nf_conntrack_count",
    "/proc/sys/net/netfilter/nf_conntrack_max",
    "/run/udev/data/b*",
    "/sys/block/*/dev",
    "/sys/block/*/size",
    "/sys/class/hwmon/*/[a-z]*[0-9]_*",
    "/sys/class/hwmon/*/name",
    "/sys/class/hwmon/*/device/uevent",
    "/sys/class/net/*/address",
    "/sys/class/net/*/carrier",
    "/sys/class/net/*/flags",
    "/sys/class/net/*/mtu",
    "/sys/class/net/*/operstate",
    "/sys/class/net/*/speed",
    "/sys/class/net/*/statistics/rx_nohandler",
    "/sys/class/net/*/type",
    "/sys/class/thermal/*/temp",
    "/sys/class/thermal/*/type",
    "/sys/devices/system/clocksource/*/*_clocksource",
    "/sys/devices/system/cpu/isolated",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/*_freq",
    "/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_count",
    "/sys/devices/system/cpu/cpu[0-9]*/topology/core_id",
    "/sys/devices/system/cpu/cpu[0-9]*/topology/physical_package_id",
)

# Of many processes the first are enough, which are the kernel's own, and the last, which are not.
FIRST_PROCESSES = 80
LAST_PROCESSES = 40

# statvfs asks at the mount point, which must be there for that; on these it is never asked, or may fail.
NO_MOUNT_POINTS = ("/dev", "/proc", "/sys", "/run")
KEEP = ".keep"  # an empty directory is nothing to git


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, end="", file=sys.stderr)
        return 2
    directory = Path(arguments[0])
    for pattern in (*PATTERNS, *arguments[1:]):
        for path in find(pattern):
            copy(path, directory)
    copy_processes(directory)
    make_mount_points(directory)
    return 0


def find(pattern: str) -> list[Path]:
    """The files that a pattern means; unlike Path.glob it bears with processes that end meanwhile."""
    return [Path(path) for path in sorted(glob.glob(pattern))]  # noqa: PTH207


def copy(path: Path, directory: Path) -> None:
    """Copies a file to its place below the directory, and the links on the way to it.

    Links below /proc become what they mean now: /proc/self is another process for every reader.
    """
    while not path.is_relative_to("/proc") and (link := first_link(path)):
        target = Path(os.path.normpath(link.parent / link.readlink()))
        copied = below(directory, link)
        if not copied.is_symlink():
            copied.symlink_to(os.path.relpath(target, link.parent))
        path = target / path.relative_to(link)
    try:
        content = path.read_bytes()
    except OSError:
        return
    below(directory, path).write_bytes(content)


def first_link(path: Path) -> Path | None:
    return next((each for each in reversed([path, *path.parents]) if each.is_symlink()), None)


def below(directory: Path, path: Path) -> Path:
    """The place of an absolute path in the recording, where it can be written to."""
    place = directory / path.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def copy_processes(directory: Path) -> None:
    numbers = sorted(int(path.name) for path in find("/proc/[0-9]*"))
    for number in {*numbers[:FIRST_PROCESSES], *numbers[-LAST_PROCESSES:]}:
        for path in find(f"/proc/{number}/stat") + find(f"/proc/{number}/task/*/stat"):
            copy(path, directory)


def make_mount_points(directory: Path) -> None:
    """Makes the directories that file systems of this machine are mounted on."""
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        escaped = line.split()[4]  # a space is \040 there
        path = Path(os.fsdecode(escaped.decode("unicode_escape").encode("latin-1")))
        if any(path.is_relative_to(each) for each in NO_MOUNT_POINTS):
            continue
        if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a file system's server has gone)
            below(directory, path / KEEP).touch()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
