// The rules by group: what they ask, how they are, and how long they take.

import { get } from "./api.js";
import { h, table, trouble } from "./dom.js";
import * as format from "./format.js";
import { repeatedly } from "./repeated.js";

const RENEW_MS = 5000;

export class RulesPage {
  title = "Rules";
  #groups = [];
  #closing = new AbortController();

  constructor({ parameters, remember }) {
    this.filter = h("input", {
      type: "search",
      placeholder: "Filter: name, expression, state",
      "aria-label": "Filter rules",
      oninput: () => {
        remember({ filter: this.filter.value });
        this.#show();
      },
    });
    this.filter.value = parameters.get("filter") ?? "";
    this.list = h("div", {}, h("p", {}, "Loading …"));
    this.element = h("section", {}, h("h1", {}, "Rules"), h("div", { class: "tools" }, this.filter), this.list);
    repeatedly((signal) => this.#load(signal), RENEW_MS, this.#closing.signal, (error) => this.list.replaceChildren(trouble(error)));
  }

  show() {}

  close() {
    this.#closing.abort();
  }

  async #load(signal) {
    this.#groups = (await get("rules", signal)).groups;
    this.#show();
  }

  #show() {
    const words = this.filter.value.toLowerCase().split(/\s+/);
    const isWanted = (rule) => words.every((word) => `${rule.name} ${rule.query} ${rule.state ?? ""} ${rule.health}`.toLowerCase().includes(word));
    const sections = [];
    for (const group of this.#groups) {
      const rules = group.rules.filter(isWanted);
      if (!rules.length) continue;
      const name = `${group.name}, every ${format.seconds(group.interval)}, takes ${format.seconds(group.evaluationTime)}`;
      sections.push(h("h2", {}, name), table(`Rules of ${group.name}`, ["Rule", "State", "Expression", "Waits", "Takes"], rules.map(row)));
    }
    const focused = document.activeElement;
    this.list.replaceChildren(...(sections.length ? sections : [h("p", {}, "no rules")]));
    if (focused instanceof HTMLElement && this.element.contains(focused)) focused.focus();
  }
}

function row({ name, type, query, state, health, lastError, duration, evaluationTime, alerts }) {
  const word = health === "err" ? `fails: ${lastError}` : type === "recording" ? "records" : alerts?.length ? `${state} (${alerts.length})` : state;
  return h(
    "tr",
    { class: health === "err" ? "firing" : state ?? "" },
    h("th", { scope: "row" }, name),
    h("td", { class: "state" }, health === "unknown" ? "not evaluated yet" : word),
    h("td", {}, h("a", { href: `#/explore?query=${encodeURIComponent(query)}` }, h("code", {}, query))),
    h("td", { class: "number" }, duration ? format.seconds(duration) : ""),
    h("td", { class: "number" }, format.seconds(evaluationTime)),
  );
}
