// What is measured from outside: each probe with its last result.

import { get, query } from "./api.js";
import { h, setAttribute, setText, trouble } from "./dom.js";
import * as format from "./format.js";
import { KeptTable } from "./kept_rows.js";
import { repeatedly } from "./repeated.js";
import { Sorting } from "./sorting.js";

const RENEW_MS = 2000;
const DAY_SECONDS = 86_400;
const WORDS = { up: "answers", down: "fails", unknown: "not asked yet" };
const RANK = { down: 0, unknown: 1, up: 2 };
const PHASES = '{__name__=~"probe_(http|icmp)_duration_seconds"}';

// Heading -> what is sorted by.
const KEYS = {
  Host: ({ instance }) => instance,
  Probe: ({ probe }) => probe,
  State: ({ health }) => RANK[health],
  Target: ({ target }) => target,
  Takes: ({ duration }) => duration ?? null,
  Status: ({ status }) => status,
  "Certificate ends": ({ expiry }) => expiry,
};
const NUMBERS = ["Takes", "Status", "Certificate ends"];

export class ProbesPage {
  title = "Probes";
  #probes = [];
  #remember;
  #closing = new AbortController();

  constructor({ parameters, remember }) {
    this.#remember = remember;
    this.sorting = new Sorting(parameters, "Host", () => this.#changed());
    this.filter = h("input", {
      type: "search",
      placeholder: "Filter: host, probe, target, state",
      "aria-label": "Filter probes",
      oninput: () => this.#changed(),
    });
    this.filter.value = parameters.get("filter") ?? "";
    this.message = h("div", {}, h("p", {}, "Loading …"));
    this.table = new KeptTable({
      caption: "Probes",
      headings: Object.keys(KEYS).map((title) => this.sorting.heading(title, { class: NUMBERS.includes(title) ? "number" : null })),
      key: keyOf,
      // Should that fail, it is asked again soon.
      make: (one) => new ProbeRow(one, () => this.#load(this.#closing.signal).catch(() => {})),
      attributes: { class: "probes" },
    });
    this.element = h("section", {}, h("h1", {}, "Probes"), h("div", { class: "tools" }, this.filter), this.message, this.table.element);
    repeatedly((signal) => this.#load(signal), RENEW_MS, this.#closing.signal, (error) => this.message.replaceChildren(trouble(error)));
  }

  show() {}

  close() {
    this.#closing.abort();
  }

  async #load(signal) {
    const isOpen = this.element.querySelector("details[open]") !== null;
    const [{ probes }, status, expiry, phases] = await Promise.all([
      get("probes", signal),
      query("probe_http_status_code", signal).then(byProbe),
      query("probe_ssl_earliest_cert_expiry", signal).then(byProbe),
      isOpen ? query(PHASES, signal).then(byProbe) : new Map(),
    ]);
    const value = (found, probe) => (found.has(keyOf(probe)) ? Number(found.get(keyOf(probe))[0].value[1]) : null);
    this.#probes = probes.map((probe) => ({
      ...probe,
      status: value(status, probe),
      expiry: value(expiry, probe),
      phases: phases.get(keyOf(probe)) ?? [],
    }));
    this.#show();
  }

  #changed() {
    this.#remember({ filter: this.filter.value, sort: this.sorting.parameter });
    this.#show();
  }

  #show() {
    const words = this.filter.value.toLowerCase().split(/\s+/);
    const text = ({ instance, probe, target, health, reason }) => [instance, probe, target, WORDS[health], reason].join(" ").toLowerCase();
    const shown = this.#probes.filter((one) => words.every((word) => text(one).includes(word)));
    shown.sort(this.sorting.compare(KEYS[this.sorting.column] ?? KEYS.Host, ({ instance, probe }) => `${instance} ${probe}`));
    this.table.show(shown);
    const nothing = this.#probes.length ? "no such probe" : "No probes: the inventory's monitor_probes names them.";
    this.message.replaceChildren(...(shown.length ? [] : [h("p", {}, nothing)]));
  }
}

function keyOf({ instance, probe }) {
  return JSON.stringify([instance, probe]);
}

function byProbe(found) {
  return Map.groupBy(found, ({ metric }) => keyOf(metric));
}

class ProbeRow {
  // `onopen` is called when the phases are to be seen.
  constructor({ instance, probe, target, kind }, onopen) {
    this.state = h("td", { class: "state" });
    this.takes = h("span");
    this.phases = h("dl");
    this.status = h("td", { class: "number" });
    this.expiry = h("td", { class: "number" });
    const hasPhases = kind === "http" || kind === "ping";
    const details = h("details", { ontoggle: ({ target: { open } }) => open && onopen() }, h("summary", {}, this.takes), this.phases);
    this.element = h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: `#/host/${encodeURIComponent(instance)}` }, instance)),
      h("td", {}, probe),
      this.state,
      h("td", { class: "target" }, h("code", {}, target)),
      h("td", { class: "number" }, hasPhases ? details : this.takes),
      this.status,
      this.expiry,
    );
  }

  show({ health, reason, duration, status, expiry, phases }) {
    const days = expiry === null ? null : Math.floor((expiry - Date.now() / 1000) / DAY_SECONDS);
    setAttribute(this.element, "class", health === "down" ? "silent" : "up");
    setText(this.state, reason ? `${WORDS[health]}: ${reason}` : WORDS[health]);
    setText(this.takes, duration === undefined ? "–" : format.seconds(duration));
    setText(this.status, status === null ? "" : String(status));
    setText(this.expiry, days === null ? "" : days < 0 ? `${-days} d ago` : `in ${days} d`);
    this.phases.replaceChildren(...phases.flatMap(({ metric, value }) => [h("dt", {}, metric.phase), h("dd", {}, format.seconds(Number(value[1])))]));
  }
}
