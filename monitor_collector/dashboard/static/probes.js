// What is measured from outside: each probe with its last result.

import { get, query } from "./api.js";
import { h, table, trouble } from "./dom.js";
import * as format from "./format.js";
import { repeatedly } from "./repeated.js";

const RENEW_MS = 2000;
const DAY_SECONDS = 86_400;

export class ProbesPage {
  title = "Probes";
  #closing = new AbortController();

  constructor() {
    this.list = h("div", {}, h("p", {}, "Loading …"));
    this.element = h("section", {}, h("h1", {}, "Probes"), this.list);
    repeatedly((signal) => this.#load(signal), RENEW_MS, this.#closing.signal, (error) => this.list.replaceChildren(trouble(error)));
  }

  show() {}

  close() {
    this.#closing.abort();
  }

  async #load(signal) {
    const [{ probes }, status, expiry] = await Promise.all([
      get("probes", signal),
      query("probe_http_status_code", signal),
      query("probe_ssl_earliest_cert_expiry", signal),
    ]);
    const rows = probes.map((probe) => row(probe, valueOf(status, probe), valueOf(expiry, probe)));
    const titles = ["Host", "Probe", "Target", "State", "Takes", "Status", "Certificate ends"];
    this.list.replaceChildren(rows.length ? table("Probes", titles, rows) : h("p", {}, "No probes: the inventory's monitor_probes names them."));
  }
}

const WORDS = { up: "answers", down: "fails", unknown: "not asked yet" };

function valueOf(found, { instance, probe }) {
  const text = found.find(({ metric }) => metric.instance === instance && metric.probe === probe)?.value[1];
  return text === undefined ? null : Number(text);
}

function row({ instance, probe, target, health, reason, duration }, status, expiry) {
  const days = expiry === null ? null : Math.floor((expiry - Date.now() / 1000) / DAY_SECONDS);
  return h(
    "tr",
    { class: health === "down" ? "silent" : "up" },
    h("th", { scope: "row" }, h("a", { href: `#/host/${encodeURIComponent(instance)}` }, instance)),
    h("td", {}, probe),
    h("td", {}, h("code", {}, target)),
    h("td", { class: "state" }, reason ? `${WORDS[health]}: ${reason}` : WORDS[health]),
    h("td", { class: "number" }, duration === undefined ? "" : format.seconds(duration)),
    h("td", { class: "number" }, status === null ? "" : String(status)),
    h("td", { class: "number" }, days === null ? "" : days < 0 ? `${-days} d ago` : `in ${days} d`),
  );
}
