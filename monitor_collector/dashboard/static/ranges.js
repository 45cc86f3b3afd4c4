// The span of time that charts show: the last so long, which moves on, or a part of the past that was zoomed into.

import { h } from "./dom.js";
import * as format from "./format.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const RANGES = { "15m": 15 * MINUTE, "1h": HOUR, "6h": 6 * HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY };
const POINTS = 240;
const LEAST_SPAN = 10_000;

export class Ranges {
  #range;
  #zoom = null;
  #onchange;
  #now;

  // `now` gives the collector's time; `onchange` is called when another span is to be shown.
  constructor({ parameters, now, onchange }) {
    this.#onchange = onchange;
    this.#now = now;
    this.buttons = Object.keys(RANGES).map((name) => h("button", { type: "button", onclick: () => this.#choose(name) }, name));
    this.back = h("button", { type: "button", onclick: () => this.zoom(null) }, "Back to now");
    this.text = h("span", { class: "when" });
    this.element = h("div", { class: "ranges", role: "group", "aria-label": "Span of time" }, this.buttons, this.back, this.text);
    this.read(parameters);
  }

  // Takes the span that an address tells of.
  read(parameters) {
    this.#range = Object.hasOwn(RANGES, parameters.get("range")) ? parameters.get("range") : "15m";
    const [start, end] = [Number(parameters.get("start")), Number(parameters.get("end"))];
    this.#zoom = start > 0 && end > start ? { start, end } : null;
    this.#show();
  }

  get isLive() {
    return this.#zoom === null;
  }

  // For the address.
  get parameters() {
    return this.#zoom ? { start: Math.round(this.#zoom.start), end: Math.round(this.#zoom.end) } : { range: this.#range };
  }

  // {start, end, step} in ms. The start is on a grid, so that points do not wander from one request to the next; the
  // end is not kept behind by a long step.
  span() {
    const length = this.#zoom ? this.#zoom.end - this.#zoom.start : RANGES[this.#range];
    const step = Math.max(Math.ceil(length / POINTS / 1000) * 1000, 1000);
    const grid = step > MINUTE ? 1000 : step;
    const end = Math.floor((this.#zoom?.end ?? this.#now()) / grid) * grid;
    return { start: Math.floor((end - length) / step) * step, end, step };
  }

  zoom(part) {
    if (part && part.end - part.start < LEAST_SPAN) {
      const middle = (part.start + part.end) / 2;
      part = { start: middle - LEAST_SPAN / 2, end: middle + LEAST_SPAN / 2 };
    }
    this.#change(this.#range, part && { start: part.start, end: Math.min(part.end, this.#now()) });
  }

  #choose(name) {
    this.#change(name, null);
  }

  #change(range, zoom) {
    if (range === this.#range && zoom === this.#zoom) return;
    // The page writes the new span into the address; the browser's Back returns to this one.
    history.pushState(null, "", location.hash);
    this.#range = range;
    this.#zoom = zoom;
    this.#show();
    this.#onchange();
  }

  #show() {
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(this.isLive && button.textContent === this.#range));
    }
    this.back.hidden = this.isLive;
    const zoom = this.#zoom;
    this.text.textContent = zoom ? `${format.time(zoom.start)} – ${format.time(zoom.end)}` : "";
  }
}

// How often a chart that moves on is drawn anew, in ms.
export function refreshAfter({ step }) {
  return Math.min(Math.max(step, 2000), 60_000);
}
