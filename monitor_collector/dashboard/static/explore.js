// PromQL by hand: a table of now and a chart, in an address that can be passed on.

import { get, query, queryRange } from "./api.js";
import { Chart } from "./chart.js";
import { Completion } from "./completion.js";
import { h, setText, trouble } from "./dom.js";
import * as format from "./format.js";
import { KeptTable } from "./kept_rows.js";
import { Ranges, refreshAfter } from "./ranges.js";

const ROWS_MAX = 500;

export class ExplorePage {
  title = "Explore";
  #remember;
  #closing = new AbortController();
  #running = null;
  #timer = null;

  constructor({ live, parameters, remember }) {
    this.#remember = remember;
    this.input = h("textarea", {
      id: "expression",
      rows: "2",
      spellcheck: "false",
      autocomplete: "off",
      placeholder: "up == 0",
      onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && !event.defaultPrevented) {
          event.preventDefault();
          this.#run();
        }
      },
    });
    this.input.value = parameters.get("query") ?? "";
    this.completion = new Completion(this.input, {
      metrics: () => get("label/__name__/values", this.#closing.signal),
      labels: (metric) => get(`labels${of(metric)}`, this.#closing.signal),
      values: (label, metric) => get(`label/${label}/values${of(metric)}`, this.#closing.signal),
    });
    this.ranges = new Ranges({ parameters, now: () => live.now(), onchange: () => this.#run() });
    this.chart = new Chart({ title: "Over time", onzoom: (part) => this.ranges.zoom(part) });
    this.count = h("p", { role: "status" });
    this.wrong = h("div");
    this.result = new KeptTable({
      caption: "Result",
      headings: ["Series", "Value"],
      key: ({ metric }) => JSON.stringify(metric),
      make: (one) => new ResultRow(one),
    });
    this.element = h(
      "section",
      {},
      h("h1", {}, "Explore"),
      h(
        "form",
        {
          class: "expression",
          onsubmit: (event) => {
            event.preventDefault();
            this.#run();
          },
        },
        h("label", { for: "expression" }, "PromQL"),
        h("div", { class: "completed" }, this.input, this.completion.element),
        h("button", { type: "submit" }, "Run"),
      ),
      this.ranges.element,
      this.chart.element,
      h("h2", {}, "Now"),
      this.count,
      this.wrong,
      this.result.element,
    );
    if (this.input.value) this.#run();
    else this.chart.say("ask for something above");
  }

  show() {}

  close() {
    this.#closing.abort();
    this.#running?.abort();
    clearTimeout(this.#timer);
  }

  async #run() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    const text = this.input.value.trim();
    this.#remember({ query: text, ...this.ranges.parameters });
    if (!text) return;
    const span = this.ranges.span();
    const [now, range] = await Promise.allSettled([query(text, running.signal), queryRange(text, span, running.signal)]);
    if (running.signal.aborted) return;
    this.#showResult(now);
    if (range.status === "rejected") {
      this.chart.say(now.status === "rejected" ? "nothing to draw" : range.reason.message);
      return;
    }
    if (!this.chart.isDragging) {
      const series = range.value.map(({ metric, points }) => ({ label: format.series(metric), points }));
      this.chart.draw({ ...span, series });
    }
    if (this.ranges.isLive && !this.#closing.signal.aborted) this.#timer = setTimeout(() => this.#run(), refreshAfter(span));
  }

  #showResult({ value: found = [], reason }) {
    this.result.show(found.slice(0, ROWS_MAX));
    setText(this.count, reason ? "" : summary(found));
    this.wrong.replaceChildren(...(reason ? [trouble(reason)] : []));
  }
}

// Only what series of a metric have, if there is one.
function of(metric) {
  return metric ? `?match[]=${encodeURIComponent(metric)}` : "";
}

function summary(found) {
  if (found.length <= ROWS_MAX) return found.length === 1 ? "1 series" : `${found.length || "No"} series`;
  return `${found.length} series, of which the first ${ROWS_MAX}:`;
}

class ResultRow {
  constructor({ metric }) {
    this.value = h("td", { class: "number" });
    this.element = h("tr", {}, h("th", { scope: "row" }, h("code", {}, format.series(metric))), this.value);
  }

  show({ value }) {
    setText(this.value, value[1]);
  }
}
