// Rows that stay the same elements while what they show changes: whoever has the focus in one, or has opened it, keeps it.

import { arrange, h, table } from "./dom.js";

export class KeptRows {
  #rows = new Map();
  #key;
  #make;

  // `key(entry)` tells entries apart; `make(entry)` gives an object with `element` and `show(entry)`.
  constructor(parent, key, make) {
    this.parent = parent;
    this.#key = key;
    this.#make = make;
  }

  show(entries) {
    const rows = new Map();
    for (const entry of entries) {
      const key = this.#key(entry);
      const row = this.#rows.get(key) ?? this.#make(entry);
      row.show(entry);
      rows.set(key, row);
    }
    this.#rows = rows;
    arrange(this.parent, [...rows.values()].map(({ element }) => element));
  }
}

// A table of them, or what is said, if anything, where there are none.
export class KeptTable {
  constructor({ caption, headings, key, make, none = "", attributes }) {
    this.table = table(caption, headings, [], attributes);
    this.none = h("p", {}, none);
    this.element = h("div", {}, this.table, this.none);
    this.rows = new KeptRows(this.table.querySelector("tbody"), key, make);
    this.show([]);
  }

  show(entries) {
    this.rows.show(entries);
    this.table.hidden = entries.length === 0;
    this.none.hidden = entries.length > 0;
  }
}
