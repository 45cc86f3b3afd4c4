// The spans of time in which alarms rang, of what a range query of max_over_time(ALERTS[step]) gives.

// An alarm is written as often as its rule is evaluated, which may be less often than a step.
const LONGEST_GAP_MS = 60_000;

// [{label, metric, start, end}] in ms; `step` is the query's. A point tells of the step before it.
export function spansOf(found, step) {
  const spans = [];
  for (const { metric, points } of found) {
    let span = null;
    for (const [at] of points) {
      if (span && at - span.end <= Math.max(step * 1.5, LONGEST_GAP_MS)) span.end = at;
      else spans.push((span = { label: metric.alertname, metric, start: at - step, end: at }));
    }
  }
  return spans;
}
