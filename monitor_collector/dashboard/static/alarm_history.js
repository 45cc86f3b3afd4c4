// What rang in the last day, how long, and what it was: each alarm's expression at that time is a click away.

import { get, queryRange } from "./api.js";
import { tellingApart } from "./alarm_item.js";
import { h, setText, trouble } from "./dom.js";
import * as format from "./format.js";
import { KeptTable } from "./kept_rows.js";
import { spansOf } from "./spans.js";

const LENGTH_MS = 24 * 3_600_000;
const STEP_MS = 60_000;
const SHOWN_MAX = 200;
// Of the time around an alarm so much is shown too.
const AROUND_MS = 5 * 60_000;

export class AlarmHistory {
  #live;
  #isWanted;
  #spans = null;
  #rules = [];

  // `isWanted` says of an alarm's labels whether it is to be shown.
  constructor(live, isWanted) {
    this.#live = live;
    this.#isWanted = isWanted;
    this.message = h("div", {}, h("p", {}, "Loading …"));
    this.table = new KeptTable({
      caption: "Alarms of the last 24 hours",
      headings: ["Began", "Alarm", "Host", "Which", "Lasted", "Severity"],
      key: ({ metric, start }) => JSON.stringify([metric, start]),
      make: (span) => new SpanRow(span, this.#queryOf(span)),
    });
    // It tells which labels are the host's.
    live.addEventListener("picture", () => this.show(), { once: true });
    this.more = h("p");
    this.element = h("div", {}, this.message, this.table.element, this.more);
  }

  async load(signal) {
    const end = Math.floor(this.#live.now() / STEP_MS) * STEP_MS;
    const span = { start: end - LENGTH_MS, end, step: STEP_MS };
    try {
      const [found, { groups }] = await Promise.all([
        queryRange('max_over_time(ALERTS{alertstate="firing"}[1m])', span, signal),
        get("rules?type=alert", signal),
      ]);
      this.#rules = groups.flatMap(({ rules }) => rules);
      this.#spans = spansOf(found, STEP_MS).sort((a, b) => b.start - a.start);
      for (const one of this.#spans) one.isFiring = one.end >= end;
      this.show();
    } catch (error) {
      if (error.name !== "AbortError") this.message.replaceChildren(trouble(error));
    }
  }

  show() {
    if (this.#spans === null) return;
    const wanted = this.#spans.filter(({ metric }) => this.#isWanted(metric));
    this.table.show(wanted.slice(0, SHOWN_MAX).map((span) => ({ ...span, apart: tellingApart(span.metric, this.#live.picture) })));
    this.message.replaceChildren(...(wanted.length ? [] : [h("p", {}, "nothing rang")]));
    setText(this.more, wanted.length > SHOWN_MAX ? `and ${wanted.length - SHOWN_MAX} more: filter for some of them` : "");
  }

  // A rule of this name may be there for each severity.
  #queryOf({ metric }) {
    const rules = this.#rules.filter(({ name }) => name === metric.alertname);
    return (rules.find(({ labels }) => labels.severity === metric.severity) ?? rules[0])?.query;
  }
}

class SpanRow {
  constructor({ metric, start, end }, query) {
    const { alertname, instance, severity = "" } = metric;
    const parameters = new URLSearchParams({ query, start: start - AROUND_MS, end: end + AROUND_MS });
    this.lasted = h("td");
    this.apart = h("code");
    this.element = h(
      "tr",
      {},
      h("td", {}, format.time(start)),
      // A rule that is no more has no expression.
      h("th", { scope: "row" }, query ? h("a", { href: `#/explore?${parameters}`, title: query }, alertname) : alertname),
      h("td", {}, instance ? h("a", { href: `#/host/${encodeURIComponent(instance)}` }, instance) : ""),
      h("td", { class: "which" }, this.apart),
      this.lasted,
      h("td", {}, severity),
    );
  }

  show({ start, end, isFiring, apart }) {
    setText(this.apart, apart);
    setText(this.lasted, isFiring ? "still firing" : format.duration(end - start));
  }
}
