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

// The same, with those that overlap made one, [{label, start, end}], so that tints do not add up to a wall.
export function joined(spans) {
  const result = [];
  for (const { label, start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && start <= last.end) {
      last.end = Math.max(last.end, end);
      last.labels.add(label);
    } else {
      result.push({ labels: new Set([label]), start, end });
    }
  }
  return result.map(({ labels, start, end }) => ({ label: [...labels].join(", "), start, end }));
}
