// Loaded before anything is drawn, so that the page does not flash in the other theme.
"use strict";

(() => {
  const THEMES = ["", "light", "dark"]; // "" is what the system says
  const NAMES = { "": "Theme: system", light: "Theme: light", dark: "Theme: dark" };
  const root = document.documentElement;

  function stored() {
    try {
      return localStorage.getItem("theme") ?? "";
    } catch {
      return ""; // storage is forbidden here
    }
  }

  function show(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    const button = document.getElementById("theme");
    if (button) button.textContent = NAMES[theme] ?? NAMES[""];
  }

  show(stored());
  document.addEventListener("DOMContentLoaded", () => {
    show(stored());
    document.getElementById("theme").addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length];
      try {
        localStorage.setItem("theme", next);
      } catch {
        // It holds until the page is left.
      }
      show(next);
    });
  });
})();
