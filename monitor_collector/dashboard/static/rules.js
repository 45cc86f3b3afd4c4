// The rules by group: what they ask, how they are, and how long they take.

import { get } from "./api.js";
import { h, setAttribute, setText, trouble } from "./dom.js";
import * as format from "./format.js";
import { KeptRows, KeptTable } from "./kept_rows.js";
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
    this.message = h("div", {}, h("p", {}, "Loading …"));
    this.list = new KeptRows(h("div"), ({ file, name }) => `${file}\n${name}`, (group) => new Group(group));
    this.element = h("section", {}, h("h1", {}, "Rules"), h("div", { class: "tools" }, this.filter), this.message, this.list.parent);
    repeatedly((signal) => this.#load(signal), RENEW_MS, this.#closing.signal, (error) => this.message.replaceChildren(trouble(error)));
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
    const groups = this.#groups.map((group) => ({
      ...group,
      // A name and an expression may be there twice; the place is what a rule keeps.
      rules: group.rules.map((rule, place) => ({ ...rule, place })).filter(isWanted),
    }));
    const shown = groups.filter(({ rules }) => rules.length);
    this.list.show(shown);
    this.message.replaceChildren(...(shown.length ? [] : [h("p", {}, "no rules")]));
  }
}

class Group {
  constructor({ name }) {
    this.title = h("h2");
    this.rules = new KeptTable({
      caption: `Rules of ${name}`,
      headings: ["Rule", "State", "Expression", "Waits", "Takes"],
      key: (rule) => JSON.stringify([rule.place, rule.name, rule.query]),
      make: (rule) => new RuleRow(rule),
      attributes: { class: "rules" },
    });
    this.element = h("div", {}, this.title, this.rules.element);
  }

  show({ name, interval, evaluationTime, rules }) {
    setText(this.title, `${name}, every ${format.seconds(interval)}, takes ${format.seconds(evaluationTime)}`);
    this.rules.show(rules);
  }
}

class RuleRow {
  constructor({ name, query }) {
    this.state = h("td", { class: "state" });
    this.waits = h("td", { class: "number" });
    this.takes = h("td", { class: "number" });
    const address = `#/explore?query=${encodeURIComponent(query)}`;
    this.element = h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      this.state,
      h("td", { class: "query" }, h("a", { href: address }, h("code", {}, query))),
      this.waits,
      this.takes,
    );
  }

  show({ type, state, health, lastError, duration, evaluationTime, alerts }) {
    const word = health === "err" ? `fails: ${lastError}` : type === "recording" ? "records" : alerts?.length ? `${state} (${alerts.length})` : state;
    setText(this.state, health === "unknown" ? "not evaluated yet" : word);
    setAttribute(this.element, "class", health === "err" ? "firing" : (state ?? ""));
    setText(this.waits, duration ? format.seconds(duration) : "");
    setText(this.takes, format.seconds(evaluationTime));
  }
}
