"""A drill proves something only where nothing rings before it, so it waits for that."""

from __future__ import annotations

from conftest import Collector, connect, play, wait_until

HOST = "web-2"
BUSY = "while :; do :; done"
LOAD = f"systemd-run --quiet --unit=alarm-before-a-drill sh -c \"timeout 20 sh -c '{BUSY} & {BUSY}'; true\""


def test_a_drill_waits_for_an_alarm_that_is_about_to_end(collector: Collector) -> None:
    query = f'ALERTS{{instance="{HOST}"}}'
    connect(HOST).check_output(LOAD)
    wait_until(lambda: collector.query(query), lambda: "no alarm is pending")
    code, said = play("playbooks/drill.yml", "--limit", HOST)
    assert code == 0, said
    assert f"HostCpuHigh on {HOST}: fired" in said
