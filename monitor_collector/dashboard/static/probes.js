// What is measured from outside: each probe with its last result.

import { query } from "./api.js";
import { h, table, trouble } from "./dom.js";
import * as format from "./format.js";

const RENEW_MS = 2000;
const DAY_SECONDS = 86_400;

export class ProbesPage {
  title = "Probes";
  #closing = new AbortController();
  #timer = null;

  constructor() {
    this.list = h("div", {}, h("p", {}, "Loading …"));
    this.element = h("section", {}, h("h1", {}, "Probes"), this.list);
    this.#load();
  }

  show() {}

  close() {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  async #load() {
    const names = ["probe_success", "probe_duration_seconds", "probe_http_status_code", "probe_ssl_earliest_cert_expiry"];
    try {
      const found = await Promise.all(names.map((name) => query(name, this.#closing.signal)));
      const [success, ...others] = found.map((series) => new Map(series.map(({ metric, value }) => [keyOf(metric), { metric, value: Number(value[1]) }])));
      const rows = [...success].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true })).map(([key, { metric, value }]) => row(metric, value, others.map((one) => one.get(key)?.value)));
      const titles = ["Host", "Probe", "Target", "State", "Takes", "Status", "Certificate ends"];
      this.list.replaceChildren(rows.length ? table("Probes", titles, rows) : h("p", {}, "No probes: the inventory's monitor_probes names them."));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.list.replaceChildren(trouble(error));
    }
    if (!this.#closing.signal.aborted) this.#timer = setTimeout(() => this.#load(), RENEW_MS);
  }
}

function keyOf({ instance = "", probe = "", target = "" }) {
  return JSON.stringify([instance, probe, target]);
}

function row({ instance, probe, target }, success, [duration, status, expiry]) {
  const days = expiry === undefined ? null : (expiry - Date.now() / 1000) / DAY_SECONDS;
  return h(
    "tr",
    { class: success ? "up" : "silent" },
    h("th", { scope: "row" }, h("a", { href: `#/host/${encodeURIComponent(instance)}` }, instance)),
    h("td", {}, probe),
    h("td", {}, h("code", {}, target)),
    h("td", { class: "state" }, success ? "answers" : "fails"),
    h("td", { class: "number" }, duration === undefined ? "" : format.seconds(duration)),
    h("td", { class: "number" }, status ? String(status) : ""),
    h("td", { class: "number" }, days === null ? "" : `in ${Math.floor(days)} d`),
  );
}
