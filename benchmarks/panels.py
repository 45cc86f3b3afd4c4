"""Twelve panels as dashboards of hosts have them, and the spans of time that people look at."""

from __future__ import annotations

from typing import NamedTuple


class Panel(NamedTuple):
    """`query` has $rate where Grafana puts its $__rate_interval."""

    title: str
    query: str


class Span(NamedTuple):
    """`step_seconds` makes some seven hundred to a thousand points, one for each pixel or two."""

    title: str
    seconds: int
    step_seconds: int

    def rate_seconds(self, interval_seconds: int) -> int:
        """As Grafana computes $__rate_interval: a step and an interval, but four intervals at least."""
        return max(self.step_seconds + interval_seconds, 4 * interval_seconds)


SPANS = (Span("6 h", 6 * 3600, 30), Span("7 d", 7 * 86_400, 600))

PANELS = (
    Panel("CPU by mode, one host", 'sum by (mode) (rate(node_cpu_seconds_total{instance="host-0001"}[$rate]))'),
    Panel("CPU used, each host", '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[$rate]))'),
    Panel("memory used", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"),
    Panel("load", "node_load1"),
    Panel("highest load", "max_over_time(node_load5[$rate])"),
    Panel("disks busy", "rate(node_disk_io_time_seconds_total[$rate])"),
    Panel(
        "disk traffic by device",
        "sum by (device) (rate(node_disk_read_bytes_total[$rate]) + rate(node_disk_written_bytes_total[$rate]))",
    ),
    Panel("network", 'sum by (instance) (rate(node_network_receive_bytes_total{device!="lo"}[$rate])) * 8'),
    Panel("filesystems", '1 - node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / node_filesystem_size_bytes'),
    Panel("busiest five", 'topk(5, sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[$rate])))'),
    Panel(
        "slowest requests",
        "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[$rate])))",
    ),
    Panel(
        "duration of requests",
        "sum(rate(http_request_duration_seconds_sum[$rate])) / sum(rate(http_request_duration_seconds_count[$rate]))",
    ),
)
