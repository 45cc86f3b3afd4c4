// The spans of time in which alarms rang, of what a range query of ALERTS gives.

// [{label, metric, start, end}] in ms; `step` is the query's.
export function spansOf(found, step) {
  const spans = [];
  for (const { metric, points } of found) {
    let span = null;
    for (const [at] of points) {
      if (span && at - span.end <= step * 1.5) span.end = at;
      else spans.push((span = { label: metric.alertname, metric, start: at, end: at }));
    }
  }
  return spans.map((span) => ({ ...span, end: span.end + step }));
}
