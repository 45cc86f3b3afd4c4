// For an address that leads nowhere.

import { h } from "./dom.js";

export class MissingPage {
  title = "No such page";
  element = h("section", {}, h("h1", {}, "There is no such page"), h("p", {}, h("a", { href: "#/hosts" }, "All hosts")));

  show() {}

  close() {}
}
