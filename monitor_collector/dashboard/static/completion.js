// Completes what is in front of the cursor: functions, operators and the names of metrics; in braces labels and their values.

import { h } from "./dom.js";

const WORDS = (
  "abs absent absent_over_time acos asin atan avg avg_over_time bool bottomk by ceil changes clamp clamp_max clamp_min cos count " +
  "count_over_time count_values day_of_month day_of_week days_in_month deg delta deriv exp floor group group_left group_right " +
  "histogram_quantile hour idelta ignoring increase irate label_join label_replace last_over_time ln log10 log2 max max_over_time min " +
  "min_over_time minute month offset on or and unless pi predict_linear quantile quantile_over_time rad rate resets round scalar sgn sin " +
  "sort sort_desc sqrt stddev stddev_over_time stdvar stdvar_over_time sum sum_over_time tan time timestamp topk vector without year"
).split(" ");
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const IN_BRACES = /(?:([a-zA-Z_:][a-zA-Z0-9_:]*)\s*)?\{([^{}]*)$/;
const LABEL_VALUE = /([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)\s*"([^"]*)$/;
const LABEL_NAME = /(?:^|,)\s*([a-zA-Z_][a-zA-Z0-9_]*)?$/;
const LEAST_LETTERS = 2;
const SHOWN_MAX = 12;
// Names are asked for again after so long: new ones come.
const KEPT_MS = 10_000;

export class Completion {
  #input;
  #load;
  #known = new Map();
  #looking = 0;
  #found = [];
  #chosen = -1;

  // `load` has what gives the names, when they are needed: metrics(), labels(metric) and values(label, metric),
  // where the metric is undefined if there is none before the brace.
  constructor(input, load) {
    this.#input = input;
    this.#load = load;
    this.element = h("ul", { class: "completion", role: "listbox", id: "completion", "aria-label": "Completions", hidden: true });
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "completion"], ["aria-expanded", "false"]]) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", () => this.#look());
    // Before others, who need not see a key that has chosen something.
    input.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    input.addEventListener("blur", () => this.#hide());
  }

  async #look() {
    const looking = ++this.#looking;
    const context = this.#context();
    const names = await this.#names(context);
    if (looking !== this.#looking) return; // something else was typed meanwhile, or it was run
    this.#found = found(names, context);
    this.#chosen = -1;
    this.#show();
  }

  #context() {
    return contextOf(this.#input.value.slice(0, this.#input.selectionStart));
  }

  async #names({ kind, label, metric }) {
    const key = JSON.stringify([kind, label, metric]);
    const load = { word: () => this.#load.metrics(), label: () => this.#load.labels(metric), value: () => this.#load.values(label, metric) };
    let { names = [], until = 0 } = this.#known.get(key) ?? {};
    try {
      if (kind !== "none" && Date.now() > until) {
        names = await load[kind]();
        this.#known.set(key, { names, until: Date.now() + KEPT_MS });
      }
    } catch {
      // It is asked for again; functions are completed nevertheless.
    }
    if (kind === "label") return names.filter((name) => name !== "__name__");
    return kind === "word" ? [...names, ...WORDS] : names;
  }

  #show() {
    const isOpen = this.#found.length > 0;
    this.element.hidden = !isOpen;
    this.#input.setAttribute("aria-expanded", String(isOpen));
    const choose = (i) => (event) => {
      event.preventDefault(); // the input keeps the focus
      this.#take(i);
    };
    this.element.replaceChildren(
      ...this.#found.map((name, i) =>
        h("li", { role: "option", id: `completion-${i}`, "aria-selected": String(i === this.#chosen), onpointerdown: choose(i) }, name),
      ),
    );
    if (this.#chosen >= 0) this.#input.setAttribute("aria-activedescendant", `completion-${this.#chosen}`);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #hide() {
    this.#looking += 1;
    this.#found = [];
    this.#chosen = -1;
    this.#show();
  }

  #take(i) {
    const { kind, word } = this.#context();
    const end = this.#input.selectionStart;
    const isClosed = this.#input.value[end] === '"';
    const text = kind === "value" ? JSON.stringify(this.#found[i]).slice(1, isClosed ? -1 : undefined) : this.#found[i];
    this.#input.setRangeText(text, end - word.length, end, "end");
    this.#hide();
  }

  #key(event) {
    if (event.key === "Enter" && this.#chosen < 0) this.#hide(); // what is there is run
    const count = this.#found.length;
    if (!count) return;
    const actions = {
      ArrowDown: () => this.#choose((this.#chosen + 1) % count),
      ArrowUp: () => this.#choose((Math.max(this.#chosen, 0) + count - 1) % count),
      Tab: () => this.#take(Math.max(this.#chosen, 0)),
      Enter: () => this.#take(this.#chosen),
      Escape: () => this.#hide(),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }

  #choose(i) {
    this.#chosen = i;
    this.#show();
  }
}

// What is being written at the end of a text: {kind: "word" | "label" | "value" | "none", word, label, metric}.
function contextOf(text) {
  const braces = text.match(IN_BRACES);
  if (!braces) return { kind: "word", word: text.match(WORD)?.[0] ?? "" };
  const [, metric, inside] = braces;
  const isInString = inside.split('"').length % 2 === 0;
  const [, label, value = ""] = (isInString && inside.match(LABEL_VALUE)) || [];
  if (label) return { kind: "value", word: value, label, metric };
  const name = !isInString && inside.match(LABEL_NAME);
  return name ? { kind: "label", word: name[1] ?? "", metric } : { kind: "none", word: "" };
}

function found(names, { kind, word }) {
  if (kind === "word" && word.length < LEAST_LETTERS) return [];
  // Who has written all of a name may want a longer one, but nothing that only has it somewhere.
  const isComplete = names.includes(word);
  const isBetter = (name) => (name.startsWith(word) ? 0 : 1);
  return names
    .filter((name) => name !== word && (isComplete ? name.startsWith(word) : name.includes(word)))
    .sort((a, b) => isBetter(a) - isBetter(b) || a.length - b.length || a.localeCompare(b))
    .slice(0, SHOWN_MAX);
}
