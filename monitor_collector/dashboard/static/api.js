// The collector's HTTP API, which is Prometheus'.

import { series } from "./format.js";

export class ApiError extends Error {}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The collector cannot be reached.");
  }
  const text = await response.text();
  let content;
  try {
    content = text ? JSON.parse(text) : null;
  } catch {
    content = null;
  }
  if (!response.ok) throw new ApiError(content?.error ?? (typeof content === "string" ? content : text.trim()) ?? `HTTP ${response.status}`);
  return content;
}

async function data(path, parameters = {}, signal = undefined) {
  const body = new URLSearchParams(parameters);
  const found = await answer(`api/v1/${path}`, { method: "POST", body, signal });
  return found.data;
}

export async function get(path, signal = undefined) {
  return (await answer(`api/v1/${path}`, { signal })).data;
}

// [{metric, value: [seconds, text]}], or one without labels for a scalar.
export async function query(expression, signal = undefined) {
  const { resultType, result } = await data("query", { query: expression }, signal);
  if (resultType === "scalar" || resultType === "string") return [{ metric: {}, value: result }];
  if (resultType === "matrix") return result.map(({ metric, values }) => ({ metric, value: values.at(-1) }));
  return result;
}

// [{metric, points: [[milliseconds, number]]}], a point for each step from `start`, and one at `end` in any case.
export async function queryRange(expression, { start, end, step }, signal = undefined) {
  const asked = [matrix(expression, { start, end, step }, signal)];
  if ((end - start) % step) asked.push(matrix(expression, { start: end, end, step }, signal));
  const [found, newest = []] = await Promise.all(asked);
  const known = new Map(found.map((one) => [series(one.metric), one]));
  for (const { metric, points } of newest) {
    const one = known.get(series(metric));
    if (one) one.points.push(...points);
    else found.push({ metric, points });
  }
  return found;
}

async function matrix(expression, { start, end, step }, signal) {
  const parameters = { query: expression, start: start / 1000, end: end / 1000, step: step / 1000 };
  const { result } = await data("query_range", parameters, signal);
  return result.map(({ metric, values }) => ({
    metric,
    points: values.map(([seconds, text]) => [seconds * 1000, number(text)]),
  }));
}

export function number(text) {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}

export async function silences() {
  return await answer("api/v2/silences");
}

export async function silence(labels, milliseconds, author) {
  const now = Date.now();
  const matchers = Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
  const content = {
    matchers,
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + milliseconds).toISOString(),
    createdBy: author,
    comment: "silenced on the page",
  };
  return await answer("api/v2/silences", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  });
}

export async function expireSilence(id) {
  await answer(`api/v2/silence/${encodeURIComponent(id)}`, { method: "DELETE" });
}
