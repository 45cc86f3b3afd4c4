// A chart of series over time: lines, levels, spans of alarms, a cursor that tells the values, and zoom by dragging.

import { h, svg } from "./dom.js";
import * as format from "./format.js";
import { timeTicks, valueScale } from "./scale.js";

// In pixels of the screen; the width is what the page has room for.
const HEIGHT = 200;
const LEFT = 64;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;
const STRIP = 4;
// More lines than this cannot be told apart; the legend says how many are left out.
const SERIES_MAX = 20;
const COLOURS = 8;
const DAY_MS = 86_400_000;
// What is written below the plot, with some air: a time, or a day and a time.
const TIME_WIDTH = 70;
const DAY_WIDTH = 95;
const LEAST_DRAG = 6;

export class Chart {
  #content = null;
  #cursor = null;
  #drag = null;
  #width = 640;
  #unit;
  #onzoom;

  // `onzoom` is called with {start, end} in ms, or with null for back to where it was.
  constructor({ title, unit = "number", onzoom }) {
    this.#unit = unit;
    this.#onzoom = onzoom;
    this.plot = svg("svg", {
      height: HEIGHT,
      tabindex: "0",
      role: "img",
      "aria-label": `${title}: no data yet`,
      onpointermove: (event) => this.#move(event),
      onpointerleave: () => this.#point(null),
      onpointerdown: (event) => this.#press(event),
      onpointerup: (event) => this.#release(event),
      // A finger that scrolls the page has pressed, but it will not release.
      onpointercancel: () => this.#letGo(),
      onlostpointercapture: () => this.#letGo(),
      ondblclick: () => this.#onzoom?.(null),
      onkeydown: (event) => this.#key(event),
    });
    this.legend = h("ul", { class: "legend" });
    this.when = h("span", { class: "when" });
    this.title = title;
    this.element = h("figure", { class: "chart" }, h("figcaption", {}, h("b", {}, title), this.when), this.plot, this.legend);
    new ResizeObserver(([{ contentRect }]) => this.#fit(contentRect.width)).observe(this.plot);
  }

  // series: [{label, points: [[ms, value]]}], levels: [{label, value}], spans: [{label, start, end}]. Points after
  // `heardUntil` are left out: a query repeats the last value for minutes after whoever sent it has fallen silent.
  draw({ start, end, step, series, levels = [], spans = [], note = "", heardUntil = Infinity }) {
    const shown = series.slice(0, SERIES_MAX).map(({ label, points }) => ({ label, points: points.filter(([at]) => at <= heardUntil) }));
    const scale = valueScale(shown, levels, this.#unit);
    this.#content = { start, end, step, series: shown, levels, spans, scale, left: series.length - shown.length, note, isHeard: end <= heardUntil };
    if (this.#cursor < start || this.#cursor > end) this.#cursor = null;
    this.#render();
  }

  say(text) {
    this.#content = null;
    this.plot.replaceChildren(svg("text", { x: "50%", y: "50%", class: "note", "text-anchor": "middle" }, text));
    this.plot.setAttribute("aria-label", `${this.title}: ${text}`);
    this.legend.replaceChildren();
  }

  #fit(width) {
    if (!width || width === this.#width) return;
    this.#width = width;
    if (this.#content) this.#render();
  }

  #x(at) {
    const { start, end } = this.#content;
    return LEFT + ((this.#width - LEFT - RIGHT) * (at - start)) / Math.max(end - start, 1);
  }

  #y(value) {
    const { low, high } = this.#content.scale;
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low));
  }

  #render() {
    const { start, end, step, series, levels, spans, scale, note } = this.#content;
    if (!series.length) {
      const content = this.#content;
      this.say(note || "no data");
      this.#content = content;
      return;
    }
    const bottom = HEIGHT - BOTTOM;
    const parts = [];
    for (const span of spans) {
      const x = Math.max(this.#x(span.start), LEFT);
      const width = Math.max(this.#x(Math.min(span.end, end)) - x, 1);
      const tint = svg("rect", { class: "tint", x, y: TOP, width, height: bottom - TOP });
      const strip = svg("rect", { class: "strip", x, y: TOP - STRIP, width, height: STRIP });
      parts.push(svg("g", { class: "span" }, svg("title", {}, span.label), tint, strip));
    }
    const labels = format.axis(scale.ticks, this.#unit);
    scale.ticks.forEach((tick, i) => {
      const y = this.#y(tick);
      parts.push(svg("line", { class: "grid", x1: LEFT, x2: this.#width - RIGHT, y1: y, y2: y }));
      parts.push(svg("text", { class: "tick", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, labels[i]));
    });
    const tickWidth = end - start > DAY_MS ? DAY_WIDTH : TIME_WIDTH;
    for (const at of timeTicks(start, end, (this.#width - LEFT - RIGHT) / tickWidth)) {
      // It is written around the tick, and cut at the edge.
      if (this.#x(at) > this.#width - tickWidth / 2) continue;
      parts.push(svg("text", { class: "tick", x: this.#x(at), y: HEIGHT - 6, "text-anchor": "middle" }, format.time(at, end - start)));
    }
    for (const level of levels) {
      const y = this.#y(level.value);
      parts.push(svg("line", { class: "level", x1: LEFT, x2: this.#width - RIGHT, y1: y, y2: y }, svg("title", {}, level.label)));
    }
    series.forEach(({ points }, i) => parts.push(svg("path", { class: `line s${i % COLOURS}`, d: this.#path(points, step) })));
    this.cursorLine = svg("line", { class: "cursor", y1: TOP, y2: bottom, visibility: "hidden" });
    this.selection = svg("rect", { class: "selection", y: TOP, height: bottom - TOP, visibility: "hidden" });
    this.plot.replaceChildren(...parts, this.cursorLine, this.selection);
    this.#point(this.#cursor);
  }

  #path(points, step) {
    let path = "";
    let before = -Infinity;
    points.forEach(([at, value], i) => {
      if (!Number.isFinite(value)) {
        before = -Infinity;
        return;
      }
      const isGap = at - before > step * 1.5;
      path += `${isGap ? "M" : "L"}${this.#x(at).toFixed(1)} ${this.#y(value).toFixed(1)}`;
      // A point between two gaps would not be seen, nor a line that has only begun.
      const [nextAt, nextValue] = points[i + 1] ?? [];
      const isSeen = Number.isFinite(nextValue) && nextAt - at <= step * 1.5 && this.#x(nextAt) - this.#x(at) >= 2;
      if (isGap && !isSeen) path += "m-2 0h4";
      before = at;
    });
    return path;
  }

  // The legend: the values at the cursor, or the last ones.
  #tell() {
    const { start, end, step, series, left, levels } = this.#content;
    const at = this.#cursor;
    this.when.textContent = at === null ? "" : format.time(at, end - start);
    const items = series.map(({ label, points }, i) => {
      const value = at === null ? this.#newest(points) : valueAt(points, at, step);
      const text = value === undefined ? "–" : format.value(value, this.#unit);
      return h("li", {}, h("i", { class: `key s${i % COLOURS}` }), h("span", {}, label), h("b", {}, text));
    });
    for (const { label, value } of levels) {
      items.push(h("li", {}, h("i", { class: "key level" }), h("span", {}, label), h("b", {}, format.value(value, this.#unit))));
    }
    if (left) items.push(h("li", {}, `and ${left} more`));
    this.legend.replaceChildren(...items);
    const first = this.#newest(series[0].points);
    const newest = first === undefined ? "no data" : `${series[0].label} is ${format.value(first, this.#unit)} at the end`;
    const span = format.duration(end - start);
    this.plot.setAttribute("aria-label", `${this.title}, ${series.length} lines over ${span}; ${newest}`);
  }

  // The value at the end; undefined where the line ends before.
  #newest(points) {
    const { end, step, isHeard } = this.#content;
    const [at, value] = points.at(-1) ?? [];
    return isHeard && at >= end - step * 1.5 ? value : undefined;
  }

  #timeOf(event) {
    const { start, end } = this.#content;
    const box = this.plot.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.#width;
    const ratio = Math.min(Math.max((x - LEFT) / (this.#width - LEFT - RIGHT), 0), 1);
    return start + ratio * (end - start);
  }

  #move(event) {
    if (!this.#content?.series.length) return;
    const at = this.#timeOf(event);
    if (this.#drag) this.#select(this.#drag.at, at);
    this.#point(at);
  }

  #point(at) {
    if (!this.#content?.series.length) return;
    const { start, end, step } = this.#content;
    this.#cursor = at === null ? null : Math.min(start + Math.round((at - start) / step) * step, end);
    if (at === null) {
      this.cursorLine.setAttribute("visibility", "hidden");
    } else {
      const x = this.#x(this.#cursor);
      this.cursorLine.setAttribute("x1", x);
      this.cursorLine.setAttribute("x2", x);
      this.cursorLine.setAttribute("visibility", "visible");
    }
    this.#tell();
  }

  #press(event) {
    if (!this.#content?.series.length || event.button !== 0) return;
    this.plot.setPointerCapture?.(event.pointerId);
    this.#drag = { at: this.#timeOf(event), x: event.clientX };
  }

  #select(from, to) {
    const [left, right] = [this.#x(Math.min(from, to)), this.#x(Math.max(from, to))];
    this.selection.setAttribute("x", left);
    this.selection.setAttribute("width", right - left);
    this.selection.setAttribute("visibility", "visible");
  }

  #release(event) {
    const drag = this.#drag;
    this.#letGo();
    if (!drag || !this.#content) return;
    if (Math.abs(event.clientX - drag.x) < LEAST_DRAG) return;
    const ends = [drag.at, this.#timeOf(event)].sort((a, b) => a - b);
    this.#onzoom?.({ start: ends[0], end: ends[1] });
  }

  #letGo() {
    this.#drag = null;
    this.selection?.setAttribute("visibility", "hidden");
  }

  get isDragging() {
    return this.#drag !== null;
  }

  // Arrows move the cursor; + and - zoom around it, 0 goes back.
  #key(event) {
    if (!this.#content?.series.length) return;
    const { start, end, step } = this.#content;
    const at = this.#cursor ?? end;
    const around = (factor) => {
      const half = ((end - start) * factor) / 2;
      this.#onzoom?.({ start: at - half, end: at + half });
    };
    const actions = {
      ArrowLeft: () => this.#point(Math.max(at - step, start)),
      ArrowRight: () => this.#point(Math.min(at + step, end)),
      "+": () => around(0.5),
      "-": () => around(2),
      0: () => this.#onzoom?.(null),
      Escape: () => this.#point(null),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }
}

function valueAt(points, at, step) {
  let best;
  for (const [time, value] of points) if (Math.abs(time - at) <= step / 2) best = value;
  return best;
}
