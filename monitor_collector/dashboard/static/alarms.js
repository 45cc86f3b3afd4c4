// What rings, what is about to, what is silenced, and what rang in the last day.

import { ApiError, expireSilence, queryRange, silence, silences } from "./api.js";
import { h, setText, table, trouble } from "./dom.js";
import * as format from "./format.js";
import { repeatedly } from "./repeated.js";
import { spansOf } from "./spans.js";

const HOUR = 3_600_000;
const SILENCES = { "15 min": HOUR / 4, "1 h": HOUR, "4 h": 4 * HOUR, "1 d": 24 * HOUR };
const HISTORY_MS = 24 * HOUR;
const HISTORY_STEP_MS = 60_000;
const HISTORY_MAX = 200;
const RENEW_MS = 15_000;

export class AlarmsPage {
  title = "Alarms";
  #live;
  #items = new Map();
  #remember;
  #closing = new AbortController();

  constructor({ live, parameters, remember }) {
    this.#live = live;
    this.#remember = remember;
    this.filter = h("input", { type: "search", placeholder: "Filter: name, host, severity", "aria-label": "Filter alarms", oninput: () => this.#changed() });
    this.filter.value = parameters.get("filter") ?? "";
    this.author = h("input", { type: "text", "aria-label": "Your name, for silences", placeholder: "Your name", autocomplete: "name", onchange: () => keep("author", this.author.value) });
    this.author.value = kept("author");
    this.message = h("div", { role: "status" });
    this.lists = Object.fromEntries(["firing", "pending", "quiet"].map((name) => [name, h("ul", { class: "alarms full" })]));
    this.counts = Object.fromEntries(Object.keys(this.lists).map((name) => [name, h("span")]));
    this.silences = h("div");
    this.history = h("div");
    this.element = h(
      "section",
      {},
      h("h1", {}, "Alarms"),
      h("div", { class: "tools" }, this.filter, this.author),
      this.message,
      h("h2", {}, "Firing ", this.counts.firing),
      this.lists.firing,
      h("h2", {}, "Pending ", this.counts.pending),
      this.lists.pending,
      h("h2", {}, "Firing, and nobody is told ", this.counts.quiet),
      this.lists.quiet,
      h("h2", {}, "Silences"),
      this.silences,
      h("h2", {}, "The last 24 hours"),
      this.history,
    );
    repeatedly(() => Promise.all([this.#loadSilences(), this.#loadHistory()]), RENEW_MS, this.#closing.signal, (error) => {
      this.message.replaceChildren(trouble(error));
    });
  }

  close() {
    this.#closing.abort();
  }

  #changed() {
    this.#remember({ filter: this.filter.value });
    if (this.#live.hasPicture) this.show(this.#live.picture);
  }

  show(picture) {
    const words = this.filter.value.toLowerCase().split(/\s+/);
    const now = this.#live.now();
    const shown = { firing: [], pending: [], quiet: [] };
    for (const [id, alarm] of Object.entries(picture.alarms)) {
      const text = Object.values(alarm.labels).join(" ").toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
      const isQuiet = alarm.silencedBy.length + alarm.inhibitedBy.length + alarm.mutedBy.length > 0;
      shown[alarm.state === "pending" ? "pending" : isQuiet ? "quiet" : "firing"].push([id, alarm]);
    }
    for (const [name, alarms] of Object.entries(shown)) {
      alarms.sort(([, a], [, b]) => b.since - a.since || a.labels.alertname.localeCompare(b.labels.alertname));
      setText(this.counts[name], `(${alarms.length})`);
      const items = alarms.map(([id, alarm]) => this.#item(id, alarm, now));
      const list = this.lists[name];
      if (!items.length) list.replaceChildren(h("li", { class: "none" }, "none"));
      else if (list.children.length !== items.length || items.some((item, i) => list.children[i] !== item)) list.replaceChildren(...items);
    }
    for (const id of this.#items.keys()) if (!(id in picture.alarms)) this.#items.delete(id);
  }

  tick() {
    if (this.#live.hasPicture) this.show(this.#live.picture);
  }

  #item(id, alarm, now) {
    let item = this.#items.get(id);
    if (!item) {
      item = new AlarmItem(alarm, (milliseconds) => this.#silence(alarm, milliseconds));
      this.#items.set(id, item);
    }
    item.show(alarm, now);
    return item.element;
  }

  async #silence(alarm, milliseconds) {
    try {
      await silence(alarm.labels, milliseconds, this.author.value || "somebody on the page");
      this.message.replaceChildren(h("p", {}, `${alarm.labels.alertname} is silenced for ${format.duration(milliseconds)}.`));
      await this.#loadSilences();
    } catch (error) {
      this.message.replaceChildren(trouble(error));
    }
  }

  async #loadSilences() {
    try {
      const found = (await silences()).filter(({ status }) => status.state !== "expired");
      if (this.#closing.signal.aborted) return;
      const key = JSON.stringify(found);
      if (this.silences.dataset.key === key) return;
      this.silences.dataset.key = key;
      const rows = found.map((one) => this.#silenceRow(one));
      this.silences.replaceChildren(found.length ? table("Silences", ["What", "Until", "Who", "Why", ""], rows) : h("p", {}, "none"));
    } catch (error) {
      if (error instanceof ApiError) this.silences.replaceChildren(trouble(error));
      else throw error;
    }
  }

  #silenceRow({ id, matchers, endsAt, createdBy, comment, status }) {
    const what = matchers.map(({ name, value, isRegex, isEqual }) => `${name}${isEqual === false ? "!" : "="}${isRegex ? "~" : isEqual === false ? "=" : ""}${value}`).join(", ");
    const end = async () => {
      try {
        await expireSilence(id);
        await this.#loadSilences();
      } catch (error) {
        this.message.replaceChildren(trouble(error));
      }
    };
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, what, status.state === "pending" ? " (not yet)" : ""),
      h("td", {}, format.time(Date.parse(endsAt))),
      h("td", {}, createdBy),
      h("td", {}, comment),
      h("td", {}, h("button", { type: "button", onclick: end }, "End")),
    );
  }

  async #loadHistory() {
    const end = Math.floor(this.#live.now() / HISTORY_STEP_MS) * HISTORY_STEP_MS;
    const span = { start: end - HISTORY_MS, end, step: HISTORY_STEP_MS };
    try {
      const found = await queryRange('max_over_time(ALERTS{alertstate="firing"}[1m])', span, this.#closing.signal);
      const spans = spansOf(found, HISTORY_STEP_MS).sort((a, b) => b.start - a.start);
      const rows = spans.slice(0, HISTORY_MAX).map(({ metric, start, end: last }) =>
        h(
          "tr",
          {},
          h("td", {}, format.time(start)),
          h("td", {}, last >= end ? "still firing" : format.duration(last - start)),
          h("th", { scope: "row" }, metric.alertname),
          h("td", {}, metric.instance ? h("a", { href: `#/host/${encodeURIComponent(metric.instance)}` }, metric.instance) : ""),
          h("td", {}, metric.severity ?? ""),
        ),
      );
      const titles = ["Began", "Lasted, to the minute", "Alarm", "Host", "Severity"];
      this.history.replaceChildren(rows.length ? table("Alarms of the last 24 hours", titles, rows) : h("p", {}, "nothing rang"));
      if (spans.length > HISTORY_MAX) this.history.append(h("p", {}, `and ${spans.length - HISTORY_MAX} more`));
    } catch (error) {
      if (error.name !== "AbortError") this.history.replaceChildren(trouble(error));
    }
  }
}

class AlarmItem {
  constructor({ labels, annotations, query }, onsilence) {
    this.value = h("dd");
    this.since = h("span", { class: "when" });
    this.quiet = h("p", { class: "quiet" });
    const { alertname, instance, ...others } = labels;
    const buttons = Object.entries(SILENCES).map(([name, milliseconds]) =>
      h("button", { type: "button", onclick: () => onsilence(milliseconds) }, name),
    );
    this.menu = h("details", { class: "silence" }, h("summary", {}, "Silence"), h("div", { role: "group", "aria-label": "For how long" }, buttons));
    this.summary = h("p");
    this.element = h(
      "li",
      {},
      h(
        "div",
        { class: "title" },
        h("b", {}, alertname),
        instance ? h("a", { href: `#/host/${encodeURIComponent(instance)}` }, instance) : null,
        others.severity ? h("span", { class: `severity ${["critical", "warning"].includes(others.severity) ? others.severity : ""}` }, others.severity) : null,
        this.since,
        this.menu,
      ),
      this.summary,
      this.quiet,
      h(
        "details",
        {},
        h("summary", {}, "Why"),
        h(
          "dl",
          {},
          h("dt", {}, "Expression"),
          h("dd", {}, h("a", { href: `#/explore?query=${encodeURIComponent(query)}` }, h("code", {}, query))),
          h("dt", {}, "Value"),
          this.value,
          h("dt", {}, "Labels"),
          h("dd", {}, h("code", {}, format.series(labels))),
          annotations.runbook_url ? [h("dt", {}, "What to do"), h("dd", {}, runbook(annotations.runbook_url))] : null,
        ),
      ),
    );
  }

  show({ annotations, value, state, since, silencedBy, inhibitedBy, mutedBy }, now) {
    setText(this.summary, annotations.summary ?? "");
    setText(this.value, value === null ? "not a number" : String(value));
    setText(this.since, `for ${format.duration(now - since)}`);
    const reasons = [
      silencedBy.length ? "silenced" : "",
      inhibitedBy.length ? `kept quiet by ${inhibitedBy.map(({ alertname }) => alertname).join(", ")}` : "",
      mutedBy.length ? `muted by ${mutedBy.join(", ")}` : "",
    ];
    setText(this.quiet, reasons.filter(Boolean).join("; "));
    this.quiet.hidden = !this.quiet.textContent;
    this.menu.hidden = silencedBy.length > 0;
    this.element.className = state;
  }
}

// A link only where it is one: an annotation may say anything.
export function runbook(address) {
  return /^https?:\/\//.test(address) ? h("a", { href: address, rel: "noreferrer", target: "_blank" }, address) : h("code", {}, address);
}

function kept(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

function keep(name, text) {
  try {
    localStorage.setItem(name, text);
  } catch {
    // It holds until the page is left.
  }
}
