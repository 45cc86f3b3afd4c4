// The live feed: the picture as the collector sends it, kept whole here, and how fresh it is.

const RETRY_MS = 1000;
// The collector sends something after each evaluation.
const STALE_AFTER_MS = 4000;

export class Live extends EventTarget {
  // columns, targets, hosts, alarms, version, at; empty until the first event has come.
  picture = { columns: [], targets: {}, hosts: {}, alarms: {}, at: 0 };
  #source = null;
  #heard = 0;
  #skew = 0;
  #retry = null;

  constructor() {
    super();
    this.#connect();
    setInterval(() => this.#tick(), 1000);
    // A browser that was asleep has missed everything since.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.isStale) this.#connect();
    });
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
    clearTimeout(this.#retry);
    this.#source?.close();
    const source = new EventSource("api/v1/live");
    this.#source = source;
    source.addEventListener("all", (event) => this.#take(JSON.parse(event.data), null));
    source.addEventListener("change", (event) => {
      const change = JSON.parse(event.data);
      this.#take(merged(this.picture, change), change);
    });
    source.addEventListener("error", () => {
      source.close();
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
    });
  }

  #take(picture, change) {
    this.#heard = performance.now();
    this.#skew = picture.at - Date.now();
    this.picture = picture;
    this.dispatchEvent(new CustomEvent("picture", { detail: { change } }));
  }

  #tick() {
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
