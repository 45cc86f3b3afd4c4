"""`monitor-agent status`, from what an agent leaves in its spool."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor_agent.acknowledged import Acknowledged
from monitor_agent.cli import main
from monitor_agent.spool import Spool
from monitor_agent.status import ago
from monitor_agent.troubles import TROUBLES, Troubles


@pytest.fixture
def ini(tmp_path: Path) -> str:
    path = tmp_path / "agent.ini"
    path.write_text(
        f"[agent]\ninstance = web-1\nspool_directory = {tmp_path}/spool\n[push]\nurl = http://monitor:9430/write\n"
    )
    return str(path)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path / "spool"), 10**6, 10**10)


@pytest.fixture
def troubles(tmp_path: Path, spool: Spool) -> Troubles:
    return Troubles(str(tmp_path / "spool" / TROUBLES))


def acknowledge(tmp_path: Path, taken_ms: int) -> None:
    Acknowledged(str(tmp_path / "spool")).note(taken_ms)


def test_all_is_well_after_a_batch_was_acknowledged(
    tmp_path: Path, ini: str, troubles: Troubles, capsys: pytest.CaptureFixture[str]
) -> None:
    acknowledge(tmp_path, 1_700_000_000_000)
    assert main(["status", "--config", ini]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "instance      web-1",
        "collector     http://monitor:9430/write",
        "waiting       nothing",
        "acknowledged  the batch of 2023-11-14 22:13:20 UTC, 0 s ago",
        "rejected      none",
        "trouble       none since the agent started",
    ]


def test_what_waits_and_what_is_wrong_is_told(
    tmp_path: Path, ini: str, spool: Spool, troubles: Troubles, capsys: pytest.CaptureFixture[str]
) -> None:
    spool.add(b"x", 5000)
    spool.reject(spool.oldest(0)[0], "400 line 3: no")
    for age_seconds in (7200, 1):
        spool.add(b"x" * 1500, int((time.time() - age_seconds) * 1000))
    troubles.report("cpu", "odd processors")
    troubles.report("push", "it refused")
    troubles.clear("cpu", "fine again")
    capsys.readouterr()
    acknowledge(tmp_path, 1000)
    assert main(["status", "--config", ini]) == 1
    out = capsys.readouterr().out
    assert "waiting       2 batches, 3 KiB, the oldest of 20" in out
    assert ", 2 h ago\n" in out
    assert "the last one: 400 line 3: no\n" in out
    assert "\ntrouble       since 20" in out
    assert "UTC: it refused\n" in out
    assert "\nwas over      20" in out


def test_nothing_acknowledged_is_not_well(ini: str, troubles: Troubles, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--config", ini]) == 1
    assert "acknowledged  nothing yet\n" in capsys.readouterr().out


def test_a_collector_silent_for_too_long_is_not_well(
    tmp_path: Path, ini: str, troubles: Troubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledge(tmp_path, 1000)
    later = time.time() + 26
    monkeypatch.setattr(time, "time", lambda: later)
    assert main(["status", "--config", ini]) == 1


def test_each_of_several_collectors_has_its_part(
    tmp_path: Path, ini: str, troubles: Troubles, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path(ini).open("a") as file:
        file.write("mode = all\n[push second]\nurl = http://second/\n")
    acknowledge(tmp_path, 1000)
    Spool(str(tmp_path / "spool" / "second"), 10**6, 10**9)
    assert main(["status", "--config", ini]) == 1
    out = capsys.readouterr().out
    assert out.index("http://monitor:9430/write") < out.index("http://second/") < out.index("nothing yet")


def test_an_agent_that_never_ran_is_told_and_is_no_traceback(ini: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--config", ini]) == 1
    assert "has the agent run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7200, "2 h ago"), (1e6, "12 days ago")],
)
def test_times_are_told_in_units_that_people_grasp(seconds: float, text: str) -> None:
    assert ago(seconds) == text
