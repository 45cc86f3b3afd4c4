"""The collector's figures about itself."""

from __future__ import annotations

from pathlib import Path

import monitor_collector
from monitor_collector.exposition import Parser
from monitor_collector.metrics import FIGURES, Metrics
from monitor_collector.samples import metric


def test_figures_are_counted_by_label_and_served_in_the_text_format() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.add("monitor_notifications_sent_total", receiver='a "team"')
    metrics.set("monitor_head_series", 7)
    parser = Parser()
    batch = parser.parse(metrics.page().encode(), 0)
    found = dict(zip(batch.layout.series, batch.values.tolist(), strict=True))
    assert found[metric("monitor_notifications_sent_total", receiver='a "team"')] == 2
    assert found[metric("monitor_head_series")] == 7
    assert found[metric("process_resident_memory_bytes")] > 1_000_000
    assert parser.metadata["monitor_notifications_sent_total"].kind == "counter"


def test_every_figure_that_is_described_is_kept() -> None:
    text = "".join(path.read_text() for path in Path(monitor_collector.__path__[0]).rglob("*.py"))
    assert [name for name in FIGURES if text.count(f'"{name}"') < 2] == []


def test_what_is_counted_often_is_on_the_page_from_the_start() -> None:
    metrics = Metrics()
    counter = metrics.counter("monitor_ingest_batches_total")
    assert "\nmonitor_ingest_batches_total 0\n" in metrics.page()
    counter.value += 2
    assert metrics.counter("monitor_ingest_batches_total") is counter
    assert "\nmonitor_ingest_batches_total 2\n" in metrics.page()


def test_what_is_forgotten_is_on_the_page_no_longer_and_may_come_back() -> None:
    metrics = Metrics()
    for name in ("monitor_notifications_outbox", "monitor_notifications_sent_total"):
        for receiver in ("team", "others"):
            metrics.set(name, 7, receiver=receiver, integration="webhook")
    metrics.forget(receiver="team", integration="webhook")
    assert 'receiver="team"' not in metrics.page()
    assert metrics.page().count('receiver="others"') == 2
    metrics.forget(__name__="monitor_notifications_outbox")
    assert "monitor_notifications_outbox" not in metrics.page()
    metrics.add("monitor_notifications_sent_total", receiver="team", integration="webhook")
    assert '\nmonitor_notifications_sent_total{integration="webhook",receiver="team"} 1\n' in metrics.page()
