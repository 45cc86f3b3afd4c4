"""One subject, one file: each module here reads one thing, under node_exporter's names, labels, types and helps."""

from monitor_agent.collectors import cpu, diskstats, filesystem, loadavg, meminfo, netdev, stat, time, uname
from monitor_agent.collectors.collector import COLLECTORS

__all__ = ["COLLECTORS", "cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat", "time", "uname"]
