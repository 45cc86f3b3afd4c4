// The charts of what matters of a host, and which alarms are drawn on which.

// `query` has $host for the host's name as a string, and $window for the time to take rates over. `level` is the name
// of the threshold, `alarms` matches the names of the alarms that are about it, and `isSaidByOthers` that it is the
// collector who knows the values, so that they go on while the host is silent.
export const CHARTS = [
  { title: "Health", unit: "score", query: "monitor_health_score{instance=$host}", level: "health_score", alarms: /^HostHealth/, isSaidByOthers: true },
  { title: "CPU", unit: "ratio", query: "instance:node_cpu_utilisation:ratio{instance=$host}", level: "cpu_used_ratio", alarms: /^Host(Cpu|Iowait)/ },
  { title: "Memory", unit: "ratio", query: "instance:node_memory_utilisation:ratio{instance=$host}", level: "memory_used_ratio", alarms: /^Host(Memory|Swap|Oom)/ },
  { title: "Load per CPU", unit: "number", query: "instance:node_load1_per_cpu:ratio{instance=$host}", level: "load_per_cpu", alarms: /^HostLoad/ },
  { title: "Network in", unit: "bytes_per_second", query: 'sum by (device) (rate(node_network_receive_bytes_total{instance=$host, device!="lo"}[$window]))', alarms: /^Host(Network|Conntrack)/ },
  { title: "Network out", unit: "bytes_per_second", query: 'sum by (device) (rate(node_network_transmit_bytes_total{instance=$host, device!="lo"}[$window]))', alarms: /^Host(Network|Conntrack)/ },
  { title: "File systems", unit: "ratio", query: "max by (mountpoint) (instance_mountpoint:node_filesystem_utilisation:ratio{instance=$host})", level: "disk_used_ratio", alarms: /^Host(DiskSpace|DiskFilling|Inodes|Filesystem)/ },
  { title: "Disks busy", unit: "ratio", query: "rate(node_disk_io_time_seconds_total{instance=$host}[$window])", level: "disk_busy_ratio", alarms: /^Host(DiskBusy|DiskLatency|Io)/ },
  { title: "Latency of probes", unit: "seconds", query: "probe_duration_seconds{instance=$host}", level: "probe_duration_seconds", alarms: /^ProbeSlow/, isSaidByOthers: true },
  { title: "HTTP status", unit: "status", query: "probe_http_status_code{instance=$host}", alarms: /^Probe(Failing|Status)/, isSaidByOthers: true },
];

// Of [{label, …}] those to draw on a chart: what is about it, and what is about none of the charts above.
export function spansAbout({ alarms }, spans) {
  return spans.filter(({ label }) => alarms?.test(label) || !CHARTS.some((chart) => chart.alarms.test(label)));
}
