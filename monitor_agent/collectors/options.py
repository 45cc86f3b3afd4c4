"""What can be set for collectors; the defaults are node_exporter's."""

from __future__ import annotations

from collections import namedtuple

MOUNT_POINTS = r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
FS_TYPES = (
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay"
    "|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$"
)
DISKS = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"

# Regular expressions of what is not reported.
Options = namedtuple(
    "Options",
    ("filesystem_mount_points_exclude", "filesystem_fs_types_exclude", "diskstats_device_exclude"),
    defaults=(MOUNT_POINTS, FS_TYPES, DISKS),
)
