// The live feed: the picture as the collector sends it, kept whole here, and how fresh it is.

// The collector sends something after each evaluation.
const STALE_AFTER_MS = 4000;
// A connection that brings nothing for so long is replaced: whoever is in between may have gone without a word.
const SILENCE_MS = 10_000;
const PAUSE_MS = 1000;
// Pause and patience are doubled with each attempt until something comes, up to so many times.
const BACK_OFF_MAX = 8;
// A page that nobody sees looks as seldom as this, for the number of alarms in its title.
const HIDDEN_MS = 30_000;
// A browser has only six connections to a collector, for all its tabs and windows. So many windows that are seen keep one
// open; more of them have it opened for each look.
const KEPT_CONNECTIONS = 3;
const LOOK_MS = 1500;

export class Live extends EventTarget {
  // columns, targets, hosts, alarms, version, at; empty until the first event has come.
  picture = { columns: [], targets: {}, hosts: {}, alarms: {}, at: 0 };
  #source = null;
  #heard = 0;
  #skew = 0;
  #backOff = 1;
  #connectAt = 0;
  // Gives back the right to keep the connection open, where this page has it.
  #giveBack = null;

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
      this.#keepOrClose(source);
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
    this.#giveBack?.();
    this.#giveBack = null;
    this.#close(HIDDEN_MS);
  }

  async #mayKeepConnection() {
    // Only pages that came over a connection that others cannot read have locks.
    if (!navigator.locks) return true;
    for (let number = 0; number < KEPT_CONNECTIONS && !this.#giveBack; number++) {
      const giveBack = await heldLock(`connection ${number}`);
      if (this.#giveBack) giveBack?.();
      else this.#giveBack = giveBack;
    }
    return this.#giveBack !== null;
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

  async #keepOrClose(source) {
    const isKept = !document.hidden && (await this.#mayKeepConnection());
    if (source !== this.#source) return;
    if (document.hidden) this.#hide();
    else if (!isKept) this.#close(LOOK_MS);
  }

  #tick() {
    if (performance.now() > this.#connectAt) this.#connect();
    this.dispatchEvent(new CustomEvent("tick"));
  }
}

// A function that lets go of the lock of this name; null where another page of the same origin holds it.
function heldLock(name) {
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) =>
      lock ? new Promise((letGo) => resolve(letGo)) : resolve(null),
    );
  });
}

function merged(picture, { hosts = {}, alarms = {}, ...common }) {
  return { ...picture, ...common, hosts: patched(picture.hosts, hosts), alarms: patched(picture.alarms, alarms) };
}

function patched(entries, changes) {
  const result = { ...entries, ...changes };
  for (const [name, entry] of Object.entries(changes)) if (entry === null) delete result[name];
  return result;
}
