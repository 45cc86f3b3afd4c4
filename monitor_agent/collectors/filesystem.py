"""Size and use of each mounted file system, from mountinfo and statvfs(3).

A dead network file system would block statvfs for ever. It is asked in a thread of its own; one that has not
answered within the limit is reported with `node_filesystem_device_error` 1 and left alone until it does.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from typing import NamedTuple

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family, LabelPairs

STATVFS_LIMIT_SECONDS = 1.0


class Mount(NamedTuple):
    """One line of mountinfo; `read_only` is true when mount or file system is."""

    device: str
    mount_point: str
    fs_type: str
    read_only: bool


def unescape(text: str) -> str:
    """The kernel writes space, tab, line feed and backslash as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def read_mounts(root: str, options: Options) -> list[Mount]:
    """The mounts that are reported, the last one on each mount point: it hides the others."""
    mount_points_exclude = re.compile(options.filesystem_mount_points_exclude)
    fs_types_exclude = re.compile(options.filesystem_fs_types_exclude)
    mounts: dict[str, Mount] = {}
    with open(f"{root}/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            front, _, back = line.partition(" - ")
            mount_point, _mount_options = front.split()[4:6]
            fs_type, device, super_options = back.split()[:3]
            mount_point = unescape(mount_point)
            if mount_points_exclude.search(mount_point) or fs_types_exclude.search(fs_type):
                continue
            read_only = "ro" in super_options.split(",")
            mounts[mount_point] = Mount(unescape(device), mount_point, fs_type, read_only)
    return list(mounts.values())


class Inquiry(threading.Thread):
    """One statvfs that may never return."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.answer: os.statvfs_result | None = None

    def run(self) -> None:
        try:
            self.answer = os.statvfs(self.path)
        except OSError:
            self.answer = None


_stuck: dict[str, Inquiry] = {}


def ask(path: str, fs_type: str) -> os.statvfs_result | None:
    """What statvfs says, or None when it fails or does not answer in time."""
    if not fs_type.startswith(("nfs", "cifs", "smb", "fuse", "ceph", "9p", "afs", "gluster")):
        try:
            return os.statvfs(path)
        except OSError:
            return None
    if path in _stuck and _stuck[path].is_alive():
        return None
    inquiry = _stuck[path] = Inquiry(path)
    inquiry.start()
    inquiry.join(STATVFS_LIMIT_SECONDS)
    return inquiry.answer


@register("filesystem")
def collect(root: str, options: Options) -> Iterable[Family]:
    sizes: dict[str, list] = {
        name: [] for name in ("size", "free", "avail", "files", "files_free", "readonly", "error")
    }
    for mount in read_mounts(root, options):
        labels: LabelPairs = (("device", mount.device), ("fstype", mount.fs_type), ("mountpoint", mount.mount_point))
        answer = ask(root.rstrip("/") + mount.mount_point, mount.fs_type)
        sizes["error"].append((labels, int(answer is None)))
        sizes["readonly"].append((labels, int(mount.read_only)))
        if answer is None:
            continue
        sizes["size"].append((labels, answer.f_blocks * answer.f_frsize))
        sizes["free"].append((labels, answer.f_bfree * answer.f_frsize))
        sizes["avail"].append((labels, answer.f_bavail * answer.f_frsize))
        sizes["files"].append((labels, answer.f_files))
        sizes["files_free"].append((labels, answer.f_ffree))
    yield Family("node_filesystem_size_bytes", "gauge", "Filesystem size in bytes.", sizes["size"])
    yield Family("node_filesystem_free_bytes", "gauge", "Filesystem free space in bytes.", sizes["free"])
    help_text = "Filesystem space available to non-root users in bytes."
    yield Family("node_filesystem_avail_bytes", "gauge", help_text, sizes["avail"])
    yield Family("node_filesystem_files", "gauge", "Filesystem total file nodes.", sizes["files"])
    yield Family("node_filesystem_files_free", "gauge", "Filesystem total free file nodes.", sizes["files_free"])
    yield Family("node_filesystem_readonly", "gauge", "Filesystem read-only status.", sizes["readonly"])
    help_text = "Whether an error occurred while getting statistics for the given device."
    yield Family("node_filesystem_device_error", "gauge", help_text, sizes["error"])
