// Where values and times lie on a chart, and what is written beside its axes.

const NICE = [1, 2, 2.5, 5, 10];
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800].map((s) => s * 1000);

// {low, high, ticks} that hold all values of series and levels.
export function valueScale(series, levels, unit) {
  let low = Infinity;
  let high = -Infinity;
  const see = (value) => {
    if (!Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { points } of series) for (const [, value] of points) see(value);
  for (const { value } of levels) see(value);
  if (low > high) [low, high] = [0, 1];
  // A ratio, a rate and whatever is near zero are seen in proportion; a clock's time is not.
  if (low > 0 && low < high * 0.9) low = 0;
  if (unit === "ratio") [low, high] = [Math.min(low, 0), Math.max(high, 0.1)];
  if (unit === "score") [low, high] = [0, 4];
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  const base = unit === "bytes" ? 1024 : 1000;
  const step = niceStep((high - low) / 4, base, unit);
  const ticks = [];
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  for (let i = first; i <= last && ticks.length < 12; i += 1) ticks.push(i * step);
  return { low: ticks[0], high: ticks.at(-1), ticks };
}

function niceStep(wanted, base, unit) {
  let size = 1;
  if (unit === "bytes") while (wanted >= size * base) size *= base;
  const power = 10 ** Math.floor(Math.log10(wanted / size));
  const factor = NICE.find((one) => one * power * size >= wanted * 0.999) ?? 10;
  return factor * power * size;
}

// No more than `most` times, round ones.
export function timeTicks(start, end, most) {
  const step = TIME_STEPS.find((one) => (end - start) / one <= most) ?? TIME_STEPS.at(-1);
  // Days begin when they do here.
  const zone = new Date(start).getTimezoneOffset() * 60_000;
  const ticks = [];
  for (let at = Math.ceil((start - zone) / step) * step + zone; at <= end; at += step) ticks.push(at);
  return ticks;
}
