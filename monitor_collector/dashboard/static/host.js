// One host: its alarms, charts of what matters, and all its series.

import { runbook } from "./alarm_item.js";
import { query, queryRange } from "./api.js";
import { Chart } from "./chart.js";
import { h, setText } from "./dom.js";
import * as format from "./format.js";
import { CHARTS, spansAbout } from "./host_charts.js";
import { Ranges, refreshAfter } from "./ranges.js";
import { SeriesList } from "./series.js";
import { joined, spansOf } from "./spans.js";

export class HostPage {
  #live;
  #remember;
  #charts;
  #levels = {};
  #own = new Set();
  #hostState = "";
  #closing = new AbortController();
  #running = null;
  #timer = null;

  constructor({ live, argument, parameters, remember }) {
    this.name = argument;
    this.title = argument;
    this.#live = live;
    this.#remember = remember;
    this.ranges = new Ranges({ parameters, now: () => live.now(), onchange: () => this.#changed() });
    this.state = h("p", { class: "summary" });
    this.alarms = h("ul", { class: "alarms" });
    const alarmsOfHost = `#/alarms?host=${encodeURIComponent(this.name)}`;
    this.more = h("p", { hidden: true }, h("a", { href: alarmsOfHost }, "Why they ring, and how to silence them"));
    this.charts = h("div", { class: "charts" });
    this.#charts = CHARTS.map((one) => this.#addChart(one));
    this.series = new SeriesList(this.name, this.#closing.signal);
    this.element = h(
      "section",
      {},
      h("h1", {}, this.name),
      this.state,
      this.alarms,
      this.more,
      this.ranges.element,
      this.charts,
      this.series.element,
    );
    this.#draw();
  }

  close() {
    this.#closing.abort();
    this.#running.abort();
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
      silent: `silent since ${format.time(host.heard)}, for ${format.duration(this.#live.now() - host.heard)}`,
      waiting: "waiting for its first report",
      never: "has never reported",
    };
    const about = [states[host.state], ...Object.entries(labels).map((pair) => pair.join("=")), ...groups];
    setText(this.state, about.join(" · "));
    this.state.className = `summary ${host.state}`;
    this.#showAlarms(Object.values(picture.alarms).filter((alarm) => alarm.labels.instance === this.name));
    const isNew = this.#addColumns(picture.columns);
    if (!isNew && host.state === this.#hostState) return;
    this.#hostState = host.state;
    this.series.isSilent = host.state === "silent";
    this.#draw();
  }

  #showAlarms(alarms) {
    const key = JSON.stringify(alarms.map(({ labels, state, since }) => [labels, state, since]));
    if (this.alarms.dataset.key !== key) {
      this.alarms.dataset.key = key;
      this.alarms.replaceChildren(...alarms.map(alarmItem));
      this.more.hidden = !alarms.length;
    }
    // These tell the value, which changes from one evaluation to the next.
    alarms.forEach(({ annotations }, i) => setText(this.alarms.children[i].querySelector(".said"), annotations.summary ?? ""));
  }

  // A column of the inventory has a chart too. Whether there is a new one.
  #addColumns(columns) {
    const before = this.#charts.length;
    for (const column of columns) {
      if (this.#own.has(column.title) || column.error || this.#charts.some(({ title }) => title === column.title)) continue;
      this.#own.add(column.title);
      if (!DEFAULT_TITLES.has(column.title)) this.#charts.push(this.#addChart({ ...column, isOwn: true }));
    }
    return this.#charts.length > before;
  }

  tick() {
    if (this.#live.hasPicture) this.show(this.#live.picture);
  }

  // Shows another span, as the address tells it.
  revisit(parameters) {
    this.ranges.read(parameters);
    this.#draw();
  }

  #changed() {
    this.#remember(this.ranges.parameters);
    this.#draw();
  }

  async #loadLevels(signal) {
    try {
      const found = await query(`monitor_threshold{instance=${format.quoted(this.name)}}`, signal);
      this.#levels = Object.fromEntries(found.map(({ metric, value }) => [metric.name, Number(value[1])]));
    } catch {
      // The charts are as good without.
    }
  }

  async #loadSpans(span, signal) {
    const alarms = `max_over_time(ALERTS{alertstate="firing", instance=${format.quoted(this.name)}}[${span.step / 1000}s])`;
    try {
      return spansOf(await queryRange(alarms, span, signal), span.step);
    } catch {
      // So are they without these.
      return [];
    }
  }

  // All charts of one span; then again, as long as it moves on. There is one such loop: what came before is given up.
  async #draw() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    const { signal } = (this.#running = new AbortController());
    // Right after a start the collector has none yet.
    if (!Object.keys(this.#levels).length) await this.#loadLevels(signal);
    const span = this.ranges.span();
    const spans = await this.#loadSpans(span, signal);
    await Promise.all(this.#charts.map((one) => this.#drawOne(one, span, spans, signal)));
    if (signal.aborted || !this.ranges.isLive) return;
    this.#timer = setTimeout(() => this.#draw(), refreshAfter(span));
  }

  async #drawOne(definition, span, spans, signal) {
    const { chart, query: text, level, isOwn, isSaidByOthers } = definition;
    try {
      const found = await queryRange(this.#filled(text, span, isOwn), span, signal);
      if (chart.isDragging) return;
      const series = found.filter(({ metric }) => !isOwn || (metric.instance ?? this.name) === this.name);
      const value = this.#levels[level];
      chart.draw({
        ...span,
        spans: joined(spansAbout(definition, spans)),
        series: series.map(({ metric, points }) => ({ label: labelOf(metric), points })),
        levels: value === undefined ? [] : [{ label: "alarm level", value }],
        heardUntil: isSaidByOthers ? Infinity : this.#heardUntil,
      });
    } catch (error) {
      if (error.name !== "AbortError") chart.say(error.message);
    }
  }

  get #heardUntil() {
    const host = this.#live.picture.hosts[this.name];
    return host?.state === "silent" ? host.heard + this.#interval * 1000 : Infinity;
  }

  // In seconds.
  get #interval() {
    return this.#live.picture.targets[this.name]?.interval ?? 5;
  }

  #filled(text, { step }, isOwn) {
    if (isOwn) return text;
    const window = Math.max(Math.ceil(step / 1000), Math.ceil(this.#interval * 5), 5);
    return text.replaceAll("$host", format.quoted(this.name)).replaceAll("$window", `${window}s`);
  }
}

// The columns that have one of the charts above.
const DEFAULT_TITLES = new Set(["Health", "CPU", "Memory", "Latency", "Status", "In", "Out"]);

function alarmItem({ labels, annotations, state, since }) {
  return h(
    "li",
    { class: state },
    h(
      "div",
      { class: "title" },
      h("b", {}, labels.alertname),
      labels.severity ? h("span", { class: "severity" }, labels.severity) : null,
      h("span", { class: "when" }, `${state} since ${format.time(since)}`),
    ),
    h("p", { class: "said" }),
    annotations.runbook_url ? h("p", {}, "What to do: ", runbook(annotations.runbook_url)) : null,
  );
}

// What tells a line from the others of its chart.
function labelOf(metric) {
  const { __name__: name, instance, job, ...rest } = metric;
  const { mountpoint, device, probe } = rest;
  return mountpoint ?? device ?? probe ?? instance ?? format.series({ __name__: name ?? "", ...rest });
}
