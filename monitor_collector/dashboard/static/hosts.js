// All hosts: a square for each, to be seen from across the room, and a table with the columns of the inventory.

import { queryRange } from "./api.js";
import { arrange, h, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";
import { sharedStarts } from "./shared_starts.js";
import { Sorting } from "./sorting.js";
import { Sparkline } from "./sparkline.js";

const HISTORY_MS = 15 * 60_000;
const HISTORY_STEP_MS = 15_000;
// Of so many hosts the squares are too small for names.
const MANY = 120;
const STATES = { up: "up", silent: "silent", waiting: "waiting", never: "never seen" };
const RANK = { silent: 0, never: 1, waiting: 2, up: 3 };

export class HostsPage {
  title = "Hosts";
  #live;
  #remember;
  #rows = new Map();
  #columns = "";
  #names = "";
  #sorting;
  #filter;
  #group;
  #closing = new AbortController();

  constructor({ live, parameters, remember }) {
    this.#live = live;
    this.#remember = remember;
    this.#sorting = new Sorting(parameters, "Host", () => this.#changed());
    this.#filter = h("input", {
      type: "search",
      placeholder: "Filter: name, label, state",
      "aria-label": "Filter hosts",
      oninput: () => this.#changed(),
    });
    this.#filter.value = parameters.get("filter") ?? "";
    this.#group = h("select", { "aria-label": "Group", onchange: () => this.#changed() }, h("option", { value: "" }, "All groups"));
    this.#group.dataset.wanted = parameters.get("group") ?? "";
    this.summary = h("p", { class: "summary" });
    this.wall = h("ul", { class: "wall", "aria-label": "Hosts" });
    this.head = h("tr");
    this.body = h("tbody");
    this.element = h(
      "section",
      {},
      h("h1", {}, "Hosts"),
      h("div", { class: "tools" }, this.summary, this.#filter, this.#group),
      this.wall,
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of hosts" },
        h("table", { class: "hosts" }, h("caption", { class: "hidden" }, "Hosts"), h("thead", {}, this.head), this.body),
      ),
    );
    if (live.hasPicture) this.#loadHistory();
    // A feed that begins anew does not tell what was in between.
    live.addEventListener("picture", ({ detail }) => detail.hasGap && this.#loadHistory(), { signal: this.#closing.signal });
  }

  close() {
    this.#closing.abort();
  }

  // Where the line of each host comes from: of the time before the page was opened, or while it slept.
  async #loadHistory() {
    const end = Math.floor(this.#live.now() / HISTORY_STEP_MS) * HISTORY_STEP_MS;
    const range = { start: end - HISTORY_MS, end, step: HISTORY_STEP_MS };
    try {
      for (const { metric, points } of await queryRange("monitor_health_score", range, this.#closing.signal)) {
        this.#row(metric.instance ?? "").line.begin(withGaps(points));
      }
    } catch {
      // It begins with what comes now.
    }
  }

  #row(name) {
    let row = this.#rows.get(name);
    if (!row) {
      row = new HostRow(name);
      this.#rows.set(name, row);
    }
    return row;
  }

  #changed() {
    this.#remember({
      filter: this.#filter.value,
      group: this.#group.value,
      sort: this.#sorting.parameter,
    });
    if (this.#live.hasPicture) this.show(this.#live.picture);
  }

  show(picture) {
    this.#showColumns(picture);
    this.#showGroups(picture);
    const names = Object.keys(picture.hosts);
    const shown = names.filter((name) => this.#isWanted(name, picture));
    this.#shorten(names);
    for (const name of shown) this.#row(name).show(picture.hosts[name], picture, this.#live.now());
    shown.sort(this.#order(picture));
    this.wall.classList.toggle("many", shown.length > MANY);
    arrange(this.wall, shown.map((name) => this.#row(name).square));
    arrange(this.body, shown.map((name) => this.#row(name).element));
    for (const name of this.#rows.keys()) if (!(name in picture.hosts)) this.#rows.delete(name);
    setText(this.summary, summary(picture, names, shown.length));
  }

  #shorten(names) {
    if (names.join() === this.#names) return;
    this.#names = names.join();
    for (const [name, length] of sharedStarts(names)) this.#row(name).shorten(length);
  }

  // How long ago a silent host was heard grows while nothing comes from it.
  tick() {
    if (this.#live.hasPicture) this.show(this.#live.picture);
  }

  #showColumns({ columns }) {
    const text = JSON.stringify(columns);
    if (text === this.#columns) return;
    this.#columns = text;
    this.#rows.forEach((row) => row.forgetColumns());
    const headings = columns.map(({ title, query }) => this.#sorting.heading(title, { about: query, class: "number" }));
    headings.splice(ratedBy(columns) + 1, 0, h("th", { scope: "col" }, "Trend"));
    this.head.replaceChildren(...["Host", "State", "Alarms"].map((title) => this.#sorting.heading(title)), ...headings);
  }

  #showGroups(picture) {
    const groups = [...new Set(Object.values(picture.targets).flatMap((target) => target.groups))].sort();
    if (groups.join() === this.#group.dataset.groups) return;
    const wanted = this.#group.dataset.wanted || this.#group.value;
    this.#group.dataset.groups = groups.join();
    this.#group.dataset.wanted = "";
    this.#group.replaceChildren(
      h("option", { value: "" }, "All groups"),
      ...groups.map((group) => h("option", { value: group, selected: group === wanted }, group)),
    );
    this.#group.hidden = groups.length === 0;
  }

  #isWanted(name, picture) {
    const { groups = [], labels = {} } = picture.targets[name] ?? {};
    if (this.#group.value && !groups.includes(this.#group.value)) return false;
    const host = picture.hosts[name];
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${text}`);
    const text = [name, STATES[host.state], host.firing ? "alarm" : "", ...groups, ...pairs].join(" ").toLowerCase();
    return this.#filter.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  #order(picture) {
    const { column } = this.#sorting;
    const position = picture.columns.findIndex(({ title }) => title === column);
    const key = (name) => {
      const host = picture.hosts[name];
      if (position >= 0) return host.values[position];
      if (column === "State") return RANK[host.state];
      if (column === "Alarms") return host.firing * 1000 + host.pending;
      return null;
    };
    return this.#sorting.compare(key, (name) => name);
  }
}

class HostRow {
  #cells = [];

  constructor(name) {
    this.name = name;
    this.line = new Sparkline(HISTORY_MS);
    const address = `#/host/${encodeURIComponent(name)}`;
    this.score = h("span", { class: "score" });
    this.start = h("span", { class: "start" });
    this.rest = h("span", { class: "rest" }, name);
    this.square = h("li", {}, h("a", { href: address }, h("span", { class: "name" }, this.start, this.rest), this.score));
    this.state = h("td", { class: "state" });
    this.trend = h("td", { class: "trend" }, this.line.element);
    this.alarms = h("td", { class: "alarms" });
    this.host = h("th", { scope: "row" }, h("a", { href: address }, name));
    this.element = h("tr", {}, this.host, this.state, this.alarms, this.trend);
  }

  // Where its square has not enough room, so many letters of its name go first.
  shorten(length) {
    setText(this.start, this.name.slice(0, length));
    setText(this.rest, this.name.slice(length));
  }

  forgetColumns() {
    this.#cells.forEach((cell) => cell.remove());
    this.#cells = [];
  }

  show(host, picture, now) {
    const { columns } = picture;
    if (this.#cells.length !== columns.length) {
      this.forgetColumns();
      this.#cells = columns.map(() => h("td", { class: "number" }));
      const rated = ratedBy(columns) + 1;
      this.trend.before(...this.#cells.slice(0, rated));
      this.trend.after(...this.#cells.slice(rated));
    }
    columns.forEach((column, i) => {
      const cell = this.#cells[i];
      setText(cell, column.error ? "error" : format.value(host.values[i], column.unit));
      setAttribute(cell, "title", column.error);
      cell.classList.toggle("wrong", column.error !== null || (column.unit === "status" && host.values[i] >= 400));
    });
    const position = ratedBy(columns);
    const score = position >= 0 ? host.values[position] : null;
    const heard = host.state === "silent" ? ` for ${format.duration(now - host.heard)}` : "";
    setText(this.state, `${STATES[host.state]}${heard}`);
    setAttribute(this.element, "class", host.state);
    setAttribute(this.square, "class", `${host.state} ${health(host.state, score)}`);
    setText(this.score, host.state !== "up" ? STATES[host.state] : format.value(score, "score"));
    const alarms = [host.firing && `${host.firing} firing`, host.pending && `${host.pending} pending`].filter(Boolean).join(", ");
    setText(this.alarms, alarms);
    this.square.classList.toggle("alarm", host.firing > 0);
    this.alarms.classList.toggle("firing", host.firing > 0);
    setAttribute(this.square.firstChild, "title", `${this.name}: ${this.state.textContent}${alarms ? `, ${alarms}` : ""}`);
    this.line.add(picture.at, host.state === "up" ? score : null);
  }
}

// Which column the colour and the line of a host are of, -1 for none.
function ratedBy(columns) {
  return columns.findIndex(({ unit }) => unit === "score");
}

// Where there are no points a host was silent, and its line has a gap.
function withGaps(points) {
  const isAfterGap = (at, i) => i > 0 && at - points[i - 1][0] > HISTORY_STEP_MS;
  return points.flatMap(([at, value], i) => (isAfterGap(at, i) ? [[at - HISTORY_STEP_MS, null], [at, value]] : [[at, value]]));
}

// The colour of a square. The levels are those of the health score: 4 is well, below 2 an alarm rings.
function health(state, score) {
  if (state !== "up") return "unknown";
  if (score === null) return "unrated";
  return score >= 3 ? "good" : score >= 2 ? "fair" : "bad";
}

function summary(picture, names, shown) {
  const count = (state) => names.filter((name) => picture.hosts[name].state === state).length;
  const parts = [`${count("up")} of ${names.length} hosts report`];
  for (const state of ["silent", "never"]) if (count(state)) parts.push(`${count(state)} ${STATES[state]}`);
  if (shown < names.length) parts.push(`${shown} shown`);
  return parts.join(", ");
}
