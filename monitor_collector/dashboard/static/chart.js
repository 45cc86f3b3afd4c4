// A chart of series over time: lines, levels, spans of alarms, a cursor that tells the values, and zoom by dragging.

import { h, svg } from "./dom.js";
import * as format from "./format.js";

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 64;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 22;
// More lines than this cannot be told apart; the legend says how many are left out.
const SERIES_MAX = 20;
const COLOURS = 8;
const NICE = [1, 2, 2.5, 5, 10];
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800].map((s) => s * 1000);
const LEAST_DRAG = 6;

export class Chart {
  #content = null;
  #cursor = null;
  #drag = null;
  #unit;
  #onzoom;

  // `onzoom` is called with {start, end} in ms, or with null for back to where it was.
  constructor({ title, unit = "number", onzoom }) {
    this.#unit = unit;
    this.#onzoom = onzoom;
    this.plot = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
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
  }

  // series: [{label, points: [[ms, value]]}], levels: [{label, value}], spans: [{label, start, end}]
  draw({ start, end, step, series, levels = [], spans = [], note = "" }) {
    const shown = series.slice(0, SERIES_MAX);
    const scale = valueScale(shown, levels, this.#unit);
    this.#content = { start, end, step, series: shown, levels, spans, scale, left: series.length - shown.length, note };
    if (this.#cursor < start || this.#cursor > end) this.#cursor = null;
    this.#render();
  }

  say(text) {
    this.#content = null;
    this.plot.replaceChildren(svg("text", { x: WIDTH / 2, y: HEIGHT / 2, class: "note", "text-anchor": "middle" }, text));
    this.plot.setAttribute("aria-label", `${this.title}: ${text}`);
    this.legend.replaceChildren();
  }

  #x(at) {
    const { start, end } = this.#content;
    return LEFT + ((WIDTH - LEFT - RIGHT) * (at - start)) / Math.max(end - start, 1);
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
      const from = Math.max(this.#x(span.start), LEFT);
      const width = Math.max(this.#x(Math.min(span.end, end)) - from, 1);
      const bar = svg("rect", { class: "span", x: from, y: TOP, width, height: bottom - TOP }, svg("title", {}, span.label));
      parts.push(bar);
    }
    for (const tick of scale.ticks) {
      const y = this.#y(tick);
      parts.push(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }));
      parts.push(svg("text", { class: "tick", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, format.value(tick, this.#unit)));
    }
    for (const at of timeTicks(start, end)) {
      parts.push(svg("text", { class: "tick", x: this.#x(at), y: HEIGHT - 6, "text-anchor": "middle" }, format.time(at, end - start)));
    }
    for (const level of levels) {
      const y = this.#y(level.value);
      parts.push(svg("line", { class: "level", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }, svg("title", {}, level.label)));
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
    for (const [at, value] of points) {
      if (!Number.isFinite(value)) {
        before = -Infinity;
        continue;
      }
      const isGap = at - before > step * 1.5;
      path += `${isGap ? "M" : "L"}${this.#x(at).toFixed(1)} ${this.#y(value).toFixed(1)}`;
      // A point between two gaps would not be seen.
      if (isGap) path += "h.5";
      before = at;
    }
    return path;
  }

  // The legend: the values at the cursor, or the last ones.
  #tell() {
    const { start, end, step, series, left, levels } = this.#content;
    const at = this.#cursor;
    this.when.textContent = at === null ? "" : format.time(at, end - start);
    const items = series.map(({ label, points }, i) => {
      const value = at === null ? points.at(-1)?.[1] : valueAt(points, at, step);
      const text = value === undefined ? "–" : format.value(value, this.#unit);
      return h("li", {}, h("i", { class: `key s${i % COLOURS}` }), h("span", {}, label), h("b", {}, text));
    });
    for (const { label, value } of levels) {
      items.push(h("li", {}, h("i", { class: "key level" }), h("span", {}, label), h("b", {}, format.value(value, this.#unit))));
    }
    if (left) items.push(h("li", {}, `and ${left} more`));
    this.legend.replaceChildren(...items);
    const first = series[0].points.at(-1)?.[1];
    const newest = first === undefined ? "no data" : `${series[0].label} is ${format.value(first, this.#unit)} at the end`;
    const span = format.duration(end - start);
    this.plot.setAttribute("aria-label", `${this.title}, ${series.length} lines over ${span}; ${newest}`);
  }

  #timeOf(event) {
    const { start, end } = this.#content;
    const box = this.plot.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const ratio = Math.min(Math.max((x - LEFT) / (WIDTH - LEFT - RIGHT), 0), 1);
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

function valueScale(series, levels, unit) {
  let low = Infinity;
  let high = -Infinity;
  const see = (value) => {
    if (!Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { points } of series) for (const [, value] of points) see(value);
  for (const { value } of levels) see(value);
  if (low > high) [low, high] = [0, 1];
  // A ratio, a rate and whatever is near zero are seen in proportion; a clock's time is not.
  if (low > 0 && low < high * 0.9) low = 0;
  if (unit === "ratio") [low, high] = [Math.min(low, 0), Math.max(high, 0.1)];
  if (unit === "score") [low, high] = [0, 4];
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  const base = unit === "bytes" ? 1024 : 1000;
  const step = niceStep((high - low) / 4, base, unit);
  const ticks = [];
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  for (let i = first; i <= last && ticks.length < 12; i += 1) ticks.push(i * step);
  return { low: ticks[0], high: ticks.at(-1), ticks };
}

function niceStep(wanted, base, unit) {
  let size = 1;
  if (unit === "bytes") while (wanted >= size * base) size *= base;
  const power = 10 ** Math.floor(Math.log10(wanted / size));
  const factor = NICE.find((one) => one * power * size >= wanted * 0.999) ?? 10;
  return factor * power * size;
}

function timeTicks(start, end) {
  const step = TIME_STEPS.find((one) => (end - start) / one <= 8) ?? TIME_STEPS.at(-1);
  // Days begin when they do here.
  const zone = new Date(start).getTimezoneOffset() * 60_000;
  const ticks = [];
  for (let at = Math.ceil((start - zone) / step) * step + zone; at <= end; at += step) ticks.push(at);
  return ticks.filter((at) => (at - start) / (end - start) < 0.97);
}
