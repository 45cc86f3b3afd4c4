// Which pages keep a connection open: a browser has only six to a collector, for all its tabs and windows.
//
// They agree on it through what the browser keeps. Locks would do, but pages have none over plain HTTP.

import { keep, kept } from "./kept.js";

const NAMES = ["connection 1", "connection 2", "connection 3"];
// To be renewed each second; a page that has gone without a word is not waited for longer.
const LEASE_MS = 10_000;

export class Lease {
  #owner = `${Date.now()}-${Math.random()}`;
  #name = null;

  get isHeld() {
    return this.#name !== null;
  }

  // Takes a lease where none is held, else renews it; returns whether one is held then. Of two pages that take the same
  // at the same moment one finds out when it renews.
  renew() {
    const owners = NAMES.map(owner);
    this.#name = NAMES[owners.indexOf(this.#owner)] ?? NAMES[owners.indexOf(null)] ?? null;
    if (this.#name) keep(this.#name, `${this.#owner} ${Date.now() + LEASE_MS}`);
    return this.isHeld;
  }

  giveBack() {
    if (this.#name) keep(this.#name, "");
    this.#name = null;
  }
}

function owner(name) {
  const [found, until] = kept(name).split(" ");
  const left = Number(until) - Date.now();
  // More is left after the clock was set back.
  return left > 0 && left <= LEASE_MS ? found : null;
}
