// Texts that the browser keeps, for all tabs and windows that show this collector.

export function kept(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return ""; // storage is forbidden here
  }
}

export function keep(name, text) {
  try {
    localStorage.setItem(name, text);
  } catch {
    // It holds until the page is left.
  }
}
