// Numbers, durations and times as people read them. Ratios are 0 to 1 everywhere else, and percent only here.

const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
const DECIMAL = ["", "k", "M", "G", "T", "P"];
// From here on seconds are told as minutes, hours and days.
const LONG_SECONDS = 120;
const DECIMALS_MAX = 6;

export function value(number, unit = "number") {
  if (number === null || number === undefined || Number.isNaN(number)) return "";
  switch (unit) {
    case "ratio":
      return `${digits(number * 100)} %`;
    case "bytes":
      return `${scaled(number, 1024, BINARY)}B`;
    case "bytes_per_second":
      return `${scaled(number, 1000, DECIMAL)}B/s`;
    case "per_second":
      return `${scaled(number, 1000, DECIMAL)}/s`;
    case "seconds":
      return seconds(number);
    case "score":
      return number.toFixed(1);
    case "status":
      return String(Math.round(number));
    case "celsius":
      return `${digits(number)} °C`;
    default:
      return scaled(number, 1000, DECIMAL).trim();
  }
}

function scaled(number, base, prefixes) {
  const [size, prefix] = prefixed(number, base, prefixes);
  return `${digits(number / size)} ${prefix}`;
}

// By what to divide a number, and the prefix that says so.
function prefixed(number, base, prefixes) {
  let step = 0;
  while (Math.abs(number) >= base ** (step + 1) && step < prefixes.length - 1) step += 1;
  return [base ** step, prefixes[step]];
}

// The numbers of one axis in one form: one unit and as many decimals for all.
export function axis(numbers, unit = "number") {
  const largest = Math.max(...numbers.map(Math.abs));
  if (unit === "seconds" && largest >= LONG_SECONDS) return numbers.map(seconds);
  const [size, name] = sizeAndName(largest, unit);
  const scaledNumbers = numbers.map((number) => number / size);
  const isExact = (decimals) => scaledNumbers.every((number) => Math.abs(number - number.toFixed(decimals)) < 1e-6 * (largest / size));
  let decimals = 0;
  while (decimals < DECIMALS_MAX && !isExact(decimals)) decimals += 1;
  return scaledNumbers.map((number) => `${number.toFixed(decimals)} ${name}`.trim());
}

function sizeAndName(largest, unit) {
  const [binary, binaryPrefix] = prefixed(largest, 1024, BINARY);
  const [decimal, decimalPrefix] = prefixed(largest, 1000, DECIMAL);
  switch (unit) {
    case "ratio":
      return [0.01, "%"];
    case "bytes":
      return [binary, `${binaryPrefix}B`];
    case "bytes_per_second":
      return [decimal, `${decimalPrefix}B/s`];
    case "per_second":
      return [decimal, `${decimalPrefix}/s`];
    case "seconds":
      return largest < 1e-3 ? [1e-6, "µs"] : largest < 1 ? [1e-3, "ms"] : [1, "s"];
    case "score":
    case "status":
      return [1, ""];
    case "celsius":
      return [1, "°C"];
    default:
      return [decimal, decimalPrefix];
  }
}

function digits(number) {
  const size = Math.abs(number);
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "-∞";
  // What rounding makes a hundred or ten of has as many digits as they.
  if (size >= 99.95 || number === Math.round(number)) return number.toFixed(0);
  if (size >= 9.995) return number.toFixed(1);
  if (size >= 0.01) return number.toFixed(2);
  return number.toPrecision(2);
}

export function seconds(number) {
  const size = Math.abs(number);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${digits(number * 1e6)} µs`;
  if (size < 1) return `${digits(number * 1e3)} ms`;
  if (size < LONG_SECONDS) return `${digits(number)} s`;
  return duration(number * 1000);
}

// The two largest parts: 3 d 4 h, 5 min 2 s.
export function duration(milliseconds) {
  let rest = Math.max(0, Math.round(milliseconds / 1000));
  const parts = [];
  for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
    if (rest >= size || (size === 1 && !parts.length)) parts.push(`${Math.floor(rest / size)} ${name}`);
    rest %= size;
  }
  return parts.slice(0, 2).join(" ");
}

export function time(milliseconds, span = 0) {
  const date = new Date(milliseconds);
  const clock = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: span <= 3_600_000 ? "2-digit" : undefined, hourCycle: "h23" });
  if (span <= 86_400_000 && date.toDateString() === new Date().toDateString()) return clock;
  const day = date.toLocaleDateString([], { day: "2-digit", month: "short" });
  return span > 14 * 86_400_000 ? day : `${day} ${clock}`;
}

// Labels as PromQL writes them.
export function series(labels) {
  const { __name__: name = "", ...others } = labels;
  const pairs = Object.entries(others).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return pairs.length ? `${name}{${pairs.join(", ")}}` : name || "{}";
}

// A text as a string in PromQL.
export function quoted(text) {
  return JSON.stringify(text);
}
