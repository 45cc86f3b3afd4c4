// Completes the word in front of the cursor: functions, operators and the names of metrics.

import { h } from "./dom.js";

const WORDS = (
  "abs absent absent_over_time acos asin atan avg avg_over_time bool bottomk by ceil changes clamp clamp_max clamp_min cos count " +
  "count_over_time count_values day_of_month day_of_week days_in_month deg delta deriv exp floor group group_left group_right " +
  "histogram_quantile hour idelta ignoring increase irate label_join label_replace last_over_time ln log10 log2 max max_over_time min " +
  "min_over_time minute month offset on or and unless pi predict_linear quantile quantile_over_time rad rate resets round scalar sgn sin " +
  "sort sort_desc sqrt stddev stddev_over_time stdvar stdvar_over_time sum sum_over_time tan time timestamp topk vector without year"
).split(" ");
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SHOWN_MAX = 12;

export class Completion {
  #input;
  #load;
  #names = null;
  #found = [];
  #chosen = 0;

  // `load` gives the names of all metrics, asked for when the first word is typed.
  constructor(input, load) {
    this.#input = input;
    this.#load = load;
    this.element = h("ul", { class: "completion", role: "listbox", id: "completion", "aria-label": "Completions", hidden: true });
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "completion"], ["aria-expanded", "false"]]) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", () => this.#look());
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => this.#hide());
  }

  async #look() {
    try {
      this.#names ??= await this.#load();
    } catch {
      this.#names = null; // functions are completed nevertheless
    }
    const word = this.#word();
    const all = [...(this.#names ?? []), ...WORDS];
    const isBetter = (name) => (name.startsWith(word) ? 0 : 1);
    this.#found = word.length < 2 ? [] : all.filter((name) => name.includes(word) && name !== word);
    this.#found.sort((a, b) => isBetter(a) - isBetter(b) || a.length - b.length || a.localeCompare(b));
    this.#found = this.#found.slice(0, SHOWN_MAX);
    this.#chosen = 0;
    this.#show();
  }

  #word() {
    return this.#input.value.slice(0, this.#input.selectionStart).match(WORD)?.[0] ?? "";
  }

  #show() {
    const isOpen = this.#found.length > 0;
    this.element.hidden = !isOpen;
    this.#input.setAttribute("aria-expanded", String(isOpen));
    const choose = (i) => (event) => {
      event.preventDefault(); // the input keeps the focus
      this.#chosen = i;
      this.#take();
    };
    this.element.replaceChildren(
      ...this.#found.map((name, i) =>
        h("li", { role: "option", id: `completion-${i}`, "aria-selected": String(i === this.#chosen), onpointerdown: choose(i) }, name),
      ),
    );
    if (isOpen) this.#input.setAttribute("aria-activedescendant", `completion-${this.#chosen}`);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #hide() {
    this.#found = [];
    this.#show();
  }

  #take() {
    const word = this.#word();
    const end = this.#input.selectionStart;
    this.#input.setRangeText(this.#found[this.#chosen], end - word.length, end, "end");
    this.#hide();
  }

  #key(event) {
    const count = this.#found.length;
    if (!count) return;
    const actions = {
      ArrowDown: () => (this.#chosen = (this.#chosen + 1) % count),
      ArrowUp: () => (this.#chosen = (this.#chosen + count - 1) % count),
      Tab: () => this.#take(),
      Escape: () => this.#hide(),
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
    this.#show();
  }
}
