// The live feed: the picture as the collector sends it, kept whole here, and how fresh it is.

import { Lease } from "./lease.js";

// The collector sends something after each evaluation.
const STALE_AFTER_MS = 4000;
// A connection that brings nothing for so long is replaced: whoever is in between may have gone without a word.
const SILENCE_MS = 10_000;
const PAUSE_MS = 1000;
// Pause and patience are doubled with each attempt until something comes, up to so many times.
const BACK_OFF_MAX = 8;
// A page that nobody sees looks as seldom as this, for the number of alarms in its title.
const HIDDEN_MS = 30_000;
// A page that is seen, but may not keep its connection open, looks as often as this.
const LOOK_MS = 1500;

export class Live extends EventTarget {
  // columns, targets, hosts, alarms, version, at; empty until the first event has come.
  picture = { columns: [], targets: {}, hosts: {}, alarms: {}, at: 0 };
  #source = null;
  #heard = 0;
  #skew = 0;
  #backOff = 1;
  #connectAt = 0;
  #lease = new Lease();

  constructor() {
    super();
    this.#connect();
    setInterval(() => this.#tick(), 1000);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#hide() : this.#connect()));
  }

  get hasPicture() {
    return this.picture.at > 0;
  }

  get isStale() {
    return performance.now() - this.#heard > STALE_AFTER_MS;
  }

  // Now, by the collector's clock, in ms.
  now() {
    return Date.now() + this.#skew;
  }

  #connect() {
    this.#close(SILENCE_MS);
    const source = new EventSource("api/v1/live");
    this.#source = source;
    // Whoever answers is there; the first event may be a large one on a slow line.
    source.addEventListener("open", () => this.#expectWithin(SILENCE_MS * this.#nextBackOff()));
    source.addEventListener("all", (event) => {
      this.#take(JSON.parse(event.data));
      if (document.hidden) this.#hide();
      else if (!this.#lease.renew()) this.#close(LOOK_MS);
    });
    source.addEventListener("change", (event) => this.#take(merged(this.picture, JSON.parse(event.data))));
    source.addEventListener("error", () => this.#close(PAUSE_MS * this.#nextBackOff()));
  }

  #nextBackOff() {
    const backOff = this.#backOff;
    this.#backOff = Math.min(backOff * 2, BACK_OFF_MAX);
    return backOff;
  }

  #hide() {
    this.#lease.giveBack();
    this.#close(HIDDEN_MS);
  }

  // Connects again after so many ms.
  #close(pause) {
    this.#source?.close();
    this.#expectWithin(pause);
  }

  #expectWithin(milliseconds) {
    this.#connectAt = performance.now() + milliseconds;
  }

  // Tells whoever listens whether something may have been missed before.
  #take(picture) {
    const hasGap = !this.hasPicture || this.isStale;
    this.#heard = performance.now();
    this.#skew = picture.at - Date.now();
    this.#backOff = 1;
    this.#expectWithin(SILENCE_MS);
    this.picture = picture;
    this.dispatchEvent(new CustomEvent("picture", { detail: { hasGap } }));
  }

  #tick() {
    if (performance.now() > this.#connectAt) this.#connect();
    else if (this.#lease.isHeld && !this.#lease.renew()) this.#close(LOOK_MS);
    this.dispatchEvent(new CustomEvent("tick"));
  }
}

function merged(picture, { hosts = {}, alarms = {}, ...common }) {
  return { ...picture, ...common, hosts: patched(picture.hosts, hosts), alarms: patched(picture.alarms, alarms) };
}

function patched(entries, changes) {
  const result = { ...entries, ...changes };
  for (const [name, entry] of Object.entries(changes)) if (entry === null) delete result[name];
  return result;
}
