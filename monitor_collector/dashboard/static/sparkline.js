// A line of the last minutes of a host's health, 0 to 4, drawn when it is seen.

import { svg } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 24;
const TOP = 4;
// Fewer points than pixels.
const LEAST_STEP_MS = 5000;
const LEAST_SPAN_MS = 60_000;

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) lines.get(target)?.see(isIntersecting);
});
const lines = new WeakMap();

export class Sparkline {
  #points = [];
  #span;
  #isSeen = false;

  constructor(span) {
    this.#span = span;
    this.path = svg("path", { class: "line" });
    this.element = svg(
      "svg",
      { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "no health known" },
      this.path,
    );
    lines.set(this.element, this);
    observer.observe(this.element);
  }

  see(isSeen) {
    this.#isSeen = isSeen;
    if (isSeen) this.#draw();
  }

  // Points of before, [[ms, value]].
  begin(points) {
    const last = points.at(-1)?.[0] ?? 0;
    this.#points = [...points, ...this.#points.filter(([at]) => at > last)];
    this.#draw();
  }

  // The newest value; null where there is none.
  add(at, value) {
    const last = this.#points.at(-1);
    if (last && at - last[0] < LEAST_STEP_MS && (value === null) === (last[1] === null)) {
      if (last[1] === value) return;
      last[1] = value;
    } else {
      this.#points.push([at, value]);
    }
    while (this.#points.length && this.#points[0][0] < at - this.#span) this.#points.shift();
    if (this.#isSeen) this.#draw();
  }

  #draw() {
    const end = this.#points.at(-1)?.[0];
    if (end === undefined) return;
    // A lab that was made a minute ago should not have to be waited for.
    const span = Math.max(end - this.#points[0][0], LEAST_SPAN_MS);
    let path = "";
    let isPenDown = false;
    for (const [at, value] of this.#points) {
      if (value === null) {
        isPenDown = false;
        continue;
      }
      const x = WIDTH * (1 - (end - at) / span);
      const y = HEIGHT - 2 - ((HEIGHT - 4) * value) / TOP;
      path += `${isPenDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      isPenDown = true;
    }
    this.path.setAttribute("d", path);
    const values = this.#points.map(([, value]) => value).filter((value) => value !== null);
    const label = values.length
      ? `health between ${Math.min(...values).toFixed(1)} and ${Math.max(...values).toFixed(1)} in the last 15 minutes`
      : "no health known";
    this.element.setAttribute("aria-label", label);
  }
}
