// One host: its alarms, charts of what matters, and all its series.

import { query, queryRange } from "./api.js";
import { Chart } from "./chart.js";
import { h, setText, trouble } from "./dom.js";
import * as format from "./format.js";
import { Ranges, refreshAfter } from "./ranges.js";
import { spansOf } from "./spans.js";

const LISTED_MAX = 200;

// `query` has $host for the host's name as a string, and $window for the time to take rates over.
const CHARTS = [
  { title: "Health", unit: "score", query: "monitor_health_score{instance=$host}", level: "health_score" },
  { title: "CPU", unit: "ratio", query: "instance:node_cpu_utilisation:ratio{instance=$host}", level: "cpu_used_ratio" },
  { title: "Memory", unit: "ratio", query: "instance:node_memory_utilisation:ratio{instance=$host}", level: "memory_used_ratio" },
  { title: "Load per CPU", unit: "number", query: "instance:node_load1_per_cpu:ratio{instance=$host}", level: "load_per_cpu" },
  { title: "Network in", unit: "bytes_per_second", query: 'sum by (device) (rate(node_network_receive_bytes_total{instance=$host, device!="lo"}[$window]))' },
  { title: "Network out", unit: "bytes_per_second", query: 'sum by (device) (rate(node_network_transmit_bytes_total{instance=$host, device!="lo"}[$window]))' },
  { title: "File systems", unit: "ratio", query: "max by (mountpoint) (instance_mountpoint:node_filesystem_utilisation:ratio{instance=$host})", level: "disk_used_ratio" },
  { title: "Disks busy", unit: "ratio", query: "rate(node_disk_io_time_seconds_total{instance=$host}[$window])", level: "disk_busy_ratio" },
  { title: "Latency of probes", unit: "seconds", query: "probe_duration_seconds{instance=$host}", level: "probe_duration_seconds" },
  { title: "HTTP status", unit: "status", query: "probe_http_status_code{instance=$host}" },
];

export class HostPage {
  #live;
  #remember;
  #charts;
  #levels = {};
  #all = [];
  #own = new Set();
  #closing = new AbortController();
  #timer = null;

  constructor({ live, argument, parameters, remember }) {
    this.name = argument;
    this.title = argument;
    this.#live = live;
    this.#remember = remember;
    this.ranges = new Ranges({ parameters, now: () => live.now(), onchange: () => this.#changed() });
    this.state = h("p", { class: "summary" });
    this.alarms = h("ul", { class: "alarms" });
    this.charts = h("div", { class: "charts" });
    this.#charts = CHARTS.map((one) => this.#addChart(one));
    this.search = h("input", { type: "search", placeholder: "Search all series of this host", "aria-label": "Search series", oninput: () => this.#list() });
    this.list = h("ul", { class: "series" });
    this.element = h(
      "section",
      {},
      h("h1", {}, this.name),
      this.state,
      this.alarms,
      this.ranges.element,
      this.charts,
      h("h2", {}, "All its series"),
      h("p", {}, this.search),
      this.list,
    );
    this.#draw();
    this.#loadAll();
  }

  close() {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  #addChart(definition) {
    const chart = new Chart({ ...definition, onzoom: (part) => this.ranges.zoom(part) });
    this.charts.append(chart.element);
    return { ...definition, chart };
  }

  show(picture) {
    const host = picture.hosts[this.name];
    if (!host) {
      setText(this.state, "There is no such host in the inventory.");
      return;
    }
    const { labels, groups } = picture.targets[this.name];
    const states = {
      up: "reports",
      silent: `silent for ${format.duration(this.#live.now() - host.heard)}`,
      waiting: "waiting for its first report",
      never: "has never reported",
    };
    const about = [states[host.state], ...Object.entries(labels).map((pair) => pair.join("=")), ...groups];
    setText(this.state, about.join(" · "));
    this.state.className = `summary ${host.state}`;
    const alarms = Object.values(picture.alarms).filter((alarm) => alarm.labels.instance === this.name);
    const key = JSON.stringify(alarms.map(({ labels: { alertname }, state }) => [alertname, state]));
    if (this.alarms.dataset.key !== key) {
      this.alarms.dataset.key = key;
      this.alarms.replaceChildren(...alarms.map(alarmItem));
    }
    // A column of the inventory has a chart too.
    for (const column of picture.columns) {
      if (this.#own.has(column.title) || column.error || this.#charts.some(({ title }) => title === column.title)) continue;
      this.#own.add(column.title);
      if (!DEFAULT_TITLES.has(column.title)) this.#charts.push(this.#addChart({ ...column, isOwn: true }));
    }
  }

  tick() {
    if (this.#live.hasPicture) this.show(this.#live.picture);
  }

  #changed() {
    this.#remember(this.ranges.parameters);
    this.#draw();
  }

  async #loadLevels() {
    try {
      const found = await query(`monitor_threshold{instance=${format.quoted(this.name)}}`, this.#closing.signal);
      this.#levels = Object.fromEntries(found.map(({ metric, value }) => [metric.name, Number(value[1])]));
    } catch {
      // The charts are as good without.
    }
  }

  // All charts of one span; then again, as long as it moves on.
  async #draw() {
    clearTimeout(this.#timer);
    // Right after a start the collector has none yet.
    if (!Object.keys(this.#levels).length) await this.#loadLevels();
    const span = this.ranges.span();
    const alarms = `ALERTS{alertstate="firing", instance=${format.quoted(this.name)}}`;
    const spans = await queryRange(alarms, span, this.#closing.signal).then((found) => spansOf(found, span.step), () => []);
    await Promise.all(this.#charts.map((one) => this.#drawOne(one, span, spans)));
    if (this.#closing.signal.aborted || !this.ranges.isLive) return;
    this.#timer = setTimeout(() => this.#draw(), refreshAfter(span));
  }

  async #drawOne({ chart, query: text, level, isOwn }, span, spans) {
    if (chart.isDragging) return;
    try {
      const found = await queryRange(this.#filled(text, span, isOwn), span, this.#closing.signal);
      const series = found.filter(({ metric }) => !isOwn || (metric.instance ?? this.name) === this.name);
      const value = this.#levels[level];
      chart.draw({
        ...span,
        spans,
        series: series.map(({ metric, points }) => ({ label: labelOf(metric), points })),
        levels: value === undefined ? [] : [{ label: "alarm level", value }],
      });
    } catch (error) {
      if (error.name !== "AbortError") chart.say(error.message);
    }
  }

  #filled(text, { step }, isOwn) {
    if (isOwn) return text;
    const interval = this.#live.picture.targets[this.name]?.interval ?? 5;
    const window = Math.max(Math.ceil(step / 1000), Math.ceil(interval * 5), 5);
    return text.replaceAll("$host", format.quoted(this.name)).replaceAll("$window", `${window}s`);
  }

  async #loadAll() {
    try {
      this.#all = await query(`{instance=${format.quoted(this.name)}}`, this.#closing.signal);
      this.#all = this.#all.map(({ metric, value }) => ({ text: format.series(metric), value: value[1] }));
      this.#all.sort((a, b) => a.text.localeCompare(b.text));
      this.#list();
    } catch (error) {
      if (error.name !== "AbortError") this.list.replaceChildren(trouble(error));
    }
  }

  #list() {
    const words = this.search.value.toLowerCase().split(/\s+/);
    const found = this.#all.filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
    const items = found.slice(0, LISTED_MAX).map(({ text, value }) =>
      h("li", {}, h("a", { href: `#/explore?query=${encodeURIComponent(text)}` }, text), h("b", {}, value)),
    );
    if (found.length > LISTED_MAX) items.push(h("li", {}, `and ${found.length - LISTED_MAX} more: search for some of them`));
    if (!found.length) items.push(h("li", {}, "nothing"));
    this.list.replaceChildren(...items);
  }
}

// The columns that have one of the charts above.
const DEFAULT_TITLES = new Set(["Health", "CPU", "Memory", "Latency", "Status", "In", "Out"]);

function alarmItem({ labels, annotations, state }) {
  return h("li", { class: state }, h("b", {}, labels.alertname), ` ${state}: ${annotations.summary ?? ""}`);
}

// What tells a line from the others of its chart.
function labelOf(metric) {
  const { __name__: name, instance, job, ...rest } = metric;
  const { mountpoint, device, probe } = rest;
  return mountpoint ?? device ?? probe ?? instance ?? format.series({ __name__: name ?? "", ...rest });
}
