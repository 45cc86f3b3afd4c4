// The order of a table: by a click on a heading, and kept in the address.

import { h, setAttribute } from "./dom.js";

export class Sorting {
  #headings = new Map();
  #onchange;

  constructor(parameters, column, onchange) {
    const [wanted, direction] = (parameters.get("sort") ?? "").split(",");
    this.column = wanted || column;
    this.isDescending = direction === "desc";
    this.#onchange = onchange;
  }

  // For the address.
  get parameter() {
    return `${this.column},${this.isDescending ? "desc" : "asc"}`;
  }

  heading(title, { about = null, ...attributes } = {}) {
    const button = h("button", { type: "button", class: "sort", "data-title": title, title: about, onclick: () => this.#choose(title) }, title);
    const heading = h("th", { scope: "col", ...attributes }, button);
    this.#headings.set(title, heading);
    this.#show();
    return heading;
  }

  #choose(title) {
    this.isDescending = this.column === title && !this.isDescending;
    this.column = title;
    this.#show();
    this.#onchange();
  }

  #show() {
    const order = this.isDescending ? "descending" : "ascending";
    for (const [title, heading] of this.#headings) setAttribute(heading, "aria-sort", title === this.column ? order : null);
  }

  // Compares by `key`, and what is the same by `name`. Those whose key is null come last in either direction.
  compare(key, name) {
    return (one, other) => {
      const [a, b] = [key(one), key(other)];
      if ((a === null) !== (b === null)) return a === null ? 1 : -1;
      const byName = inWords(name(one), name(other));
      const difference = a === null ? byName : typeof a === "number" ? a - b : inWords(a, b);
      return (this.isDescending ? -difference : difference) || byName;
    };
  }
}

function inWords(one, other) {
  return one.localeCompare(other, undefined, { numeric: true });
}
