"""Size and use of each mounted file system, from mountinfo and statvfs(3).

A dead network file system blocks statvfs for ever, and so does anything mounted below it. There another thread asks; a
mount that does not answer within the limit is reported with `node_filesystem_device_error` 1, and is left alone until
the question that hangs there comes back. What the kernel answers from memory is asked directly: handing a question
over takes ten times as long as the question.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections import namedtuple
from collections.abc import Callable, Iterable
from functools import partial

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.kept_file import KeptFile
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row
from monitor_agent.time_limit import TimeLimit

STATVFS_LIMIT_SECONDS = 0.5
READ_AGAIN_SECONDS = 60.0  # for a kernel that does not tell of changes, and a host that is only seen from a container

# Their statvfs looks at counters in memory, even on a disk that has died; so does the way through their mount points.
NEVER_HANG = re.compile(
    "bpf|btrfs|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|erofs|ext[234]|f2fs|hugetlbfs|iso9660|mqueue|nsfs"
    "|overlay|proc|pstore|ramfs|rootfs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs|vfat|xfs"
)

COLUMNS = Columns(
    Metric(
        "node_filesystem_device_error",
        "gauge",
        "Whether an error occurred while getting statistics for the given device.",
    ),
    Metric("node_filesystem_readonly", "gauge", "Filesystem read-only status."),
    Metric("node_filesystem_size_bytes", "gauge", "Filesystem size in bytes."),
    Metric("node_filesystem_free_bytes", "gauge", "Filesystem free space in bytes."),
    Metric("node_filesystem_avail_bytes", "gauge", "Filesystem space available to non-root users in bytes."),
    Metric("node_filesystem_files", "gauge", "Filesystem total file nodes."),
    Metric("node_filesystem_files_free", "gauge", "Filesystem total free file nodes."),
)

# `labels` are those of the series; `read_only` is "1" or "0"; `may_hang` when a question may never be answered.
Mount = namedtuple("Mount", ("mount_point", "labels", "read_only", "may_hang"))


def unescape(text: str) -> str:
    """The kernel writes space, tab, line feed and backslash as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text) if "\\" in text else text


def open_mountinfo(root: str) -> tuple[KeptFile, bool]:
    """The mounts as PID 1 sees them, and True; or, where that is hidden, as the agent does, and False."""
    try:
        return KeptFile(f"{root}/proc/1/mountinfo"), True
    except OSError:
        return KeptFile(f"{root}/proc/self/mountinfo"), False


def parse_mountinfo(text: str, is_of_the_host: bool, options: Options) -> list[Mount]:
    """The mounts to report, the last one on each mount point: it hides the others.

    A sandbox makes every mount read-only for the agent alone, so in its own view only the super block's flag counts.
    https://www.kernel.org/doc/Documentation/filesystems/proc.rst section 3.5
    """
    is_excluded_type = re.compile(options.filesystem_fs_types_exclude).search
    is_excluded_mount_point = re.compile(options.filesystem_mount_points_exclude).search
    mounts: dict[str, Mount] = {}
    hanging: list[str] = []  # mount points of what may hang; a mount comes after the one it lies on
    for line in text.splitlines():
        front, _, back = line.partition(" - ")
        fs_type, device, super_options = back.split(" ")[:3]
        mount_point, mount_options = front.split(" ")[4:6]
        mount_point = unescape(mount_point)
        if not NEVER_HANG.fullmatch(fs_type):
            hanging.append(mount_point.rstrip("/") + "/")
        if is_excluded_type(fs_type) or is_excluded_mount_point(mount_point):
            continue
        flags = super_options.split(",") + (mount_options.split(",") if is_of_the_host else [])
        labels = (("device", unescape(device)), ("fstype", fs_type), ("mountpoint", mount_point))
        may_hang = f"{mount_point}/".startswith(tuple(hanging))
        mounts[mount_point] = Mount(mount_point, labels, "1" if "ro" in flags else "0", may_hang)
    return list(mounts.values())


def ask(path: str) -> os.statvfs_result | None:
    try:
        return os.statvfs(path)
    except OSError:
        return None


@register("filesystem")
class Filesystem(Collector):
    def __init__(self, root: str, options: Options, ask: Callable[[str], os.statvfs_result | None] = ask) -> None:
        super().__init__(root, options)
        self._ask = ask
        self._time_limit = TimeLimit("statvfs", STATVFS_LIMIT_SECONDS)
        self._mountinfo: KeptFile | None = None
        self._changes = select.poll()
        self._read_seconds = 0.0
        self._mounts: list[Mount] = []

    def update(self) -> Iterable[Row]:
        mounts = self._read_mounts()
        paths = [self.root + mount.mount_point for mount in mounts]
        answers = self._time_limit.run(
            [(path, partial(self._ask, path)) for path, mount in zip(paths, mounts) if mount.may_hang]
        )
        for path, mount in zip(paths, mounts):
            answer = answers.get(path) if mount.may_hang else self._ask(path)
            if answer is None:
                yield Row(COLUMNS, mount.labels, ("1",))
                continue
            block_bytes = answer.f_frsize
            yield Row(
                COLUMNS,
                mount.labels,
                (
                    "0",
                    mount.read_only,
                    answer.f_blocks * block_bytes,
                    answer.f_bfree * block_bytes,
                    answer.f_bavail * block_bytes,
                    answer.f_files,
                    answer.f_ffree,
                ),
            )

    def _read_mounts(self) -> list[Mount]:
        """The mounts to report, read again when the kernel says that something was mounted or unmounted.

        It says so by an error condition on the open file: https://man7.org/linux/man-pages/man5/proc_mounts.5.html
        """
        now = time.monotonic()
        if self._mountinfo is None:
            self._mountinfo, self._is_of_the_host = open_mountinfo(self.root)
            self._changes.register(self._mountinfo, select.POLLERR | select.POLLPRI)
        elif not self._changes.poll(0) and now - self._read_seconds < READ_AGAIN_SECONDS:
            return self._mounts
        self._mounts = parse_mountinfo(self._mountinfo.read(), self._is_of_the_host, self.options)
        self._read_seconds = now
        return self._mounts
