// What rings, what is about to, what is silenced, and what rang in the last day.

import { AlarmHistory } from "./alarm_history.js";
import { AlarmItem } from "./alarm_item.js";
import { ApiError, expireSilence, silence, silences } from "./api.js";
import { arrange, h, setText, trouble } from "./dom.js";
import * as format from "./format.js";
import { keep, kept } from "./kept.js";
import { KeptTable } from "./kept_rows.js";
import { repeatedly } from "./repeated.js";

const RENEW_MS = 15_000;

export class AlarmsPage {
  title = "Alarms";
  #live;
  #items = new Map();
  #remember;
  #host;
  #closing = new AbortController();

  constructor({ live, parameters, remember }) {
    this.#live = live;
    this.#remember = remember;
    this.filter = h("input", { type: "search", placeholder: "Filter: name, host, severity", "aria-label": "Filter alarms", oninput: () => this.#changed() });
    this.filter.value = parameters.get("filter") ?? "";
    this.#host = parameters.get("host") ?? "";
    const all = h("button", { type: "button", onclick: () => this.#showAllHosts() }, "All hosts");
    this.only = h("p", { hidden: !this.#host }, "Only those of ", h("a", { href: `#/host/${encodeURIComponent(this.#host)}` }, this.#host), " ", all);
    this.author = h("input", { type: "text", "aria-label": "Your name, for silences", placeholder: "Your name", autocomplete: "name", onchange: () => keep("author", this.author.value) });
    this.author.value = kept("author");
    this.message = h("div", { role: "status" });
    this.lists = Object.fromEntries(["firing", "pending", "quiet"].map((name) => [name, h("ul", { class: "alarms full" })]));
    this.counts = Object.fromEntries(Object.keys(this.lists).map((name) => [name, h("span")]));
    this.wrong = h("div");
    this.silences = new KeptTable({
      caption: "Silences",
      headings: ["What", "Until", "Who", "Why", ""],
      key: (one) => JSON.stringify(one),
      make: (one) => new SilenceRow(one, () => this.#endSilence(one.id)),
      none: "none",
    });
    this.history = new AlarmHistory(live, (labels) => this.#isWanted(labels));
    this.element = h(
      "section",
      {},
      h("h1", {}, "Alarms"),
      h("div", { class: "tools" }, this.filter, this.author),
      this.only,
      this.message,
      h("h2", {}, "Firing ", this.counts.firing),
      this.lists.firing,
      h("h2", {}, "Pending ", this.counts.pending),
      this.lists.pending,
      h("h2", {}, "Firing, and nobody is told ", this.counts.quiet),
      this.lists.quiet,
      h("h2", {}, "Silences"),
      this.wrong,
      this.silences.element,
      h("h2", {}, "The last 24 hours, to the minute"),
      this.history.element,
    );
    repeatedly((signal) => Promise.all([this.#loadSilences(), this.history.load(signal)]), RENEW_MS, this.#closing.signal, (error) => {
      this.message.replaceChildren(trouble(error));
    });
  }

  close() {
    this.#closing.abort();
  }

  #changed() {
    this.#remember({ filter: this.filter.value, host: this.#host });
    if (this.#live.hasPicture) this.show(this.#live.picture);
    this.history.show();
  }

  #showAllHosts() {
    this.#host = "";
    this.only.hidden = true;
    this.filter.focus();
    this.#changed();
  }

  #isWanted(labels) {
    if (this.#host && labels.instance !== this.#host) return false;
    const text = Object.values(labels).join(" ").toLowerCase();
    return this.filter.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  show(picture) {
    const shown = { firing: [], pending: [], quiet: [] };
    for (const [id, alarm] of Object.entries(picture.alarms)) {
      if (!this.#isWanted(alarm.labels)) continue;
      const isQuiet = alarm.silencedBy.length + alarm.inhibitedBy.length + alarm.mutedBy.length > 0;
      shown[alarm.state === "pending" ? "pending" : isQuiet ? "quiet" : "firing"].push([id, alarm]);
    }
    for (const [name, alarms] of Object.entries(shown)) {
      alarms.sort(([, a], [, b]) => b.since - a.since || a.labels.alertname.localeCompare(b.labels.alertname));
      setText(this.counts[name], `(${alarms.length})`);
      const items = alarms.map(([id, alarm]) => this.#item(id, alarm, picture));
      arrange(this.lists[name], items.length ? items : [h("li", { class: "none" }, "none")]);
    }
    for (const id of this.#items.keys()) if (!(id in picture.alarms)) this.#items.delete(id);
  }

  tick() {
    if (this.#live.hasPicture) this.show(this.#live.picture);
  }

  #item(id, alarm, picture) {
    let item = this.#items.get(id);
    if (!item) {
      item = new AlarmItem(alarm, (milliseconds) => this.#silence(alarm, milliseconds));
      this.#items.set(id, item);
    }
    item.show(alarm, picture, this.#live.now());
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
      this.silences.show(found);
      this.wrong.replaceChildren();
    } catch (error) {
      if (error instanceof ApiError) this.wrong.replaceChildren(trouble(error));
      else throw error;
    }
  }

  async #endSilence(id) {
    try {
      await expireSilence(id);
      await this.#loadSilences();
    } catch (error) {
      this.message.replaceChildren(trouble(error));
    }
  }
}

class SilenceRow {
  constructor({ matchers, endsAt, createdBy, comment, status }, onend) {
    const what = matchers.map(({ name, value, isRegex, isEqual }) => `${name}${isEqual === false ? "!" : "="}${isRegex ? "~" : isEqual === false ? "=" : ""}${value}`).join(", ");
    this.element = h(
      "tr",
      {},
      h("th", { scope: "row" }, what, status.state === "pending" ? " (not yet)" : ""),
      h("td", {}, format.time(Date.parse(endsAt))),
      h("td", {}, createdBy),
      h("td", {}, comment),
      h("td", {}, h("button", { type: "button", onclick: onend }, "End")),
    );
  }

  // A silence that is changed is another one.
  show() {}
}
