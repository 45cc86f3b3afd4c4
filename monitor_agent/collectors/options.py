"""What can be set for collectors; the defaults are node_exporter's wherever it has the same."""

from __future__ import annotations

from collections import namedtuple

MOUNT_POINTS = r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
FS_TYPES = (
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay"
    "|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$"
)
DISKS = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"
VMSTAT_FIELDS = "^(oom_kill|pgpg|pswp|pg.*fault).*"
NETSTAT_FIELDS = (
    "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)"
    "|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)"
    "|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)"
    "|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$"
)

# The end of a name says what it is: *_exclude are regular expressions of what is not reported, *_include and *_fields
# of what is, *_directory are absolute paths, *_seconds numbers. In agent.ini they stand in [agent] under these names.
Options = namedtuple(
    "Options",
    (
        "filesystem_mount_points_exclude",
        "filesystem_fs_types_exclude",
        "diskstats_device_exclude",
        "vmstat_fields",
        "netstat_fields",
        "systemd_unit_include",
        "textfile_directory",
        "scripts_directory",
        "scripts_timeout_seconds",
    ),
    defaults=(
        MOUNT_POINTS,
        FS_TYPES,
        DISKS,
        VMSTAT_FIELDS,
        NETSTAT_FIELDS,
        "",
        "/var/lib/monitor-agent/textfile",
        "/etc/monitor-agent/scripts.d",
        10.0,
    ),
)
