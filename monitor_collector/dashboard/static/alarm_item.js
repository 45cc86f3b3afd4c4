// An alarm that rings or is about to: why, since when, what to do, and a silence for it.

import { h, setText } from "./dom.js";
import * as format from "./format.js";

const HOUR = 3_600_000;
const SILENCES = { "15 min": HOUR / 4, "1 h": HOUR, "4 h": 4 * HOUR, "1 d": 24 * HOUR };

export class AlarmItem {
  constructor({ labels, annotations, query }, onsilence) {
    this.value = h("dd");
    this.apart = h("code");
    this.since = h("span", { class: "when" });
    this.quiet = h("p", { class: "quiet" });
    const { alertname, instance, severity } = labels;
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
        this.apart,
        severity ? h("span", { class: "severity" }, severity) : null,
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

  show({ labels, annotations, value, state, since, silencedBy, inhibitedBy, mutedBy }, picture, now) {
    setText(this.apart, tellingApart(labels, picture));
    this.apart.hidden = !this.apart.textContent;
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

// The labels by which alarms of the same name and host differ, such as the probe; not those that the host has anyway.
export function tellingApart(labels, { targets }) {
  const { __name__, alertname, alertstate, instance, severity, job, ...others } = labels;
  const ofHost = targets[instance]?.labels ?? {};
  const pairs = Object.entries(others).filter(([name, text]) => ofHost[name] !== text);
  return pairs.map((pair) => pair.join("=")).join(", ");
}

// A link only where it is one: an annotation may say anything.
export function runbook(address) {
  return /^https?:\/\//.test(address) ? h("a", { href: address, rel: "noreferrer", target: "_blank" }, address) : h("code", {}, address);
}
