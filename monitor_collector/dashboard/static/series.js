// Each series of a host with its newest value: searched by what is typed, renewed while the page is open.

import { query } from "./api.js";
import { arrange, h, setText, trouble } from "./dom.js";
import * as format from "./format.js";
import { repeatedly } from "./repeated.js";

const LISTED_MAX = 200;
const RENEW_MS = 15_000;
// What the collector itself says of a host, whether that reports or not; and whatever a probe says.
const SAID_BY_COLLECTOR = ["up", "monitor_health_score", "monitor_threshold", "ALERTS", "ALERTS_FOR_STATE"];

export class SeriesList {
  #all = [];
  #items = new Map();
  #isSilent = false;

  constructor(host, signal) {
    this.search = h("input", { type: "search", placeholder: "Search all series of this host", "aria-label": "Search series", oninput: () => this.#list() });
    this.message = h("div");
    this.list = h("ul", { class: "series" });
    this.element = h("div", {}, h("h2", {}, "All its series"), h("p", {}, this.search), this.message, this.list);
    repeatedly(() => this.#load(host, signal), RENEW_MS, signal, (error) => this.message.replaceChildren(trouble(error)));
  }

  // A query gives the last values for minutes after the host has fallen silent; they are not shown then.
  set isSilent(isSilent) {
    this.#isSilent = isSilent;
    this.#list();
  }

  async #load(host, signal) {
    const found = await query(`{instance=${format.quoted(host)}}`, signal);
    this.#all = found.map(({ metric, value }) => ({
      text: format.series(metric),
      value: value[1],
      isOfHost: metric.job !== "probe" && !SAID_BY_COLLECTOR.includes(metric.__name__),
    }));
    this.#all.sort((a, b) => a.text.localeCompare(b.text));
    this.message.replaceChildren();
    this.#list();
  }

  #list() {
    const words = this.search.value.toLowerCase().split(/\s+/);
    const found = this.#all.filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
    const items = new Map();
    for (const { text, value, isOfHost } of found.slice(0, LISTED_MAX)) {
      const item = this.#items.get(text) ?? seriesItem(text);
      setText(item.lastChild, this.#isSilent && isOfHost ? "–" : value);
      items.set(text, item);
    }
    this.#items = items;
    const notes = [];
    if (found.length > LISTED_MAX) notes.push(h("li", {}, `and ${found.length - LISTED_MAX} more: search for some of them`));
    if (!found.length) notes.push(h("li", {}, "nothing"));
    arrange(this.list, [...items.values(), ...notes]);
  }
}

function seriesItem(text) {
  return h("li", {}, h("a", { href: `#/explore?query=${encodeURIComponent(text)}` }, text), h("b"));
}
