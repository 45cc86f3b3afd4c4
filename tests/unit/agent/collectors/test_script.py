"""Metrics from programs: run on time, killed on time, and never waited for."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor_agent.collectors import script
from monitor_agent.collectors.options import Options
from monitor_agent.collectors.script import RUNNING_LIMIT, Scripts
from monitor_agent.exposition import Renderer
from monitor_agent.program import OUTPUT_LIMIT_BYTES

PATIENCE_SECONDS = 30
LIMIT_SECONDS = 20.0


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "this has not come true"
        time.sleep(0.001)


class Directory:
    """A directory of scripts, and a collector at a time that the test sets."""

    def __init__(self, path: Path, limit_seconds: float = LIMIT_SECONDS) -> None:
        self.path = path
        self.path.mkdir()
        self.now_seconds = 1_000_000_000.0
        options = Options(scripts_directory=str(path), scripts_timeout_seconds=limit_seconds)
        self.collector = Scripts("", options, clock=lambda: self.now_seconds)

    def write(self, name: str, body: str, mode: int = 0o755) -> Path:
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(mode)
        return path

    def read(self) -> list[str]:
        """One reading, without the times of the runs."""
        page = Renderer({}).page(list(self.collector.update()))
        times = ("#", "monitor_script_duration", "monitor_script_last_run")
        return [line for line in page.splitlines() if not line.startswith(times)]

    def run(self) -> list[str]:
        """Starts what is due, waits until it has ended, and reads."""
        self.read()
        settle()
        return self.read()

    def wait(self, seconds: float) -> None:
        self.now_seconds += seconds


def settle() -> None:
    for thread in threading.enumerate():
        if thread.name == "script":
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "scripts.d")


def test_what_a_script_prints_goes_along_with_every_batch_until_its_next_run(directory: Directory) -> None:
    runs = directory.path.parent / "runs"
    directory.write("jobs", f"echo >> {runs}; echo '# TYPE jobs gauge'; echo jobs $(wc -l < {runs})")
    assert directory.read() == []
    settle()
    for _ in range(3):
        assert directory.read() == ["jobs 1", 'monitor_script_success{script="jobs"} 1']
    settle()
    directory.wait(60)
    assert directory.run() == ["jobs 2", 'monitor_script_success{script="jobs"} 1']


def test_a_reading_never_waits_for_a_script(directory: Directory) -> None:
    gate = directory.path.parent / "gate"
    os.mkfifo(gate)
    directory.write("slow", f"read line < {gate}; echo slow 1")
    assert directory.read() == []
    assert directory.read() == []
    gate.write_text("go\n")
    settle()
    assert directory.read()[0] == "slow 1"


def test_each_script_runs_on_its_own_interval(directory: Directory) -> None:
    log = directory.path.parent / "log"
    directory.write("usual", f"echo usual >> {log}")
    directory.write("5/fast", f"echo fast >> {log}")
    directory.write("3600/slow", f"echo slow >> {log}")
    for _ in range(3600 // 5):
        directory.read()
        until(lambda: not any(each.is_taken for each in directory.collector._scripts.values()))
        directory.wait(5)
    names = log.read_text().split()
    # The first run comes at once, and the first point of the grid anywhere within the interval.
    assert names.count("fast") == 720
    assert names.count("usual") in (60, 61)
    assert names.count("slow") in (1, 2)


def test_a_run_that_is_not_over_when_the_next_is_due_is_not_joined_by_another(directory: Directory) -> None:
    gate, log = directory.path.parent / "gate", directory.path.parent / "log"
    os.mkfifo(gate)
    directory.write("slow", f"echo >> {log}; read line < {gate}")
    for _ in range(3):
        directory.read()
        directory.wait(60)
    gate.write_text("go\n")
    settle()
    assert log.read_text() == "\n"


def test_not_more_than_a_few_run_at_once_and_the_others_get_their_turn(directory: Directory) -> None:
    gate, log = directory.path.parent / "gate", directory.path.parent / "log"
    names = [f"s{number:02}" for number in range(3 * RUNNING_LIMIT)]
    for name in names:
        directory.write(name, f"echo {name} >> {log}; until test -e {gate}; do sleep 0.01; done; echo {name} 1")
    directory.read()
    until(lambda: log.exists() and len(log.read_text().split()) == RUNNING_LIMIT)
    assert sorted(log.read_text().split()) == names[:RUNNING_LIMIT]
    gate.touch()
    settle()
    assert sum(line.startswith("s") for line in directory.read()) == len(names)


def test_a_script_is_found_replaced_and_forgotten_without_a_restart(directory: Directory) -> None:
    assert directory.run() == []
    path = directory.write("a", "echo a 1")
    assert directory.run()[0] == "a 1"
    directory.write("a", "echo a 2")
    assert directory.run()[0] == "a 2"
    path.unlink()
    assert directory.read() == []


def test_a_script_that_is_made_executable_later_runs_at_once(directory: Directory) -> None:
    path = directory.write("a", "echo a 1", mode=0o644)
    assert directory.run() == ['monitor_script_success{script="a"} 0']
    path.chmod(0o755)
    assert directory.run()[0] == "a 1"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo a 1; echo >&2; echo what is wrong >&2; exit 3", "it ended with exit code 3; it said: what is wrong"),
        ("echo a 1; kill -9 $$", "it was ended by signal 9 (Killed)"),
        ("echo a 1; echo b one", "its output is malformed: line 2: 'one' is no number"),
        ("echo a 1 1700000000000", "its output is malformed: line 1: 'a 1 1700000000000': no time may follow"),
        ("echo monitor_x 1", "monitor_x is a name that only the monitoring itself may use"),
        (f"echo a 1; head -c {OUTPUT_LIMIT_BYTES} /dev/zero; sleep 1000", "it prints more than 1 MiB, and was killed"),
    ],
)
def test_a_run_that_fails_takes_its_series_away_and_is_told_once(
    directory: Directory, body: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = directory.path.parent / "failing"
    directory.write("a", f"if test -e {failing}; then {body}; else echo a 1; fi")
    directory.write("b", "echo c 2")
    good = ["a 1", "c 2", 'monitor_script_success{script="a"} 1', 'monitor_script_success{script="b"} 1']
    assert directory.run() == good
    failing.touch()
    for _ in range(2):
        directory.wait(60)
        assert directory.run() == ["c 2", 'monitor_script_success{script="a"} 0', good[3]]
    failing.unlink()
    directory.wait(60)
    assert directory.run() == good
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith(f"<4>script a: {reason}")
    assert said[1] == "<6>script a works again"


def test_one_that_overruns_is_killed_with_its_children(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = Directory(tmp_path / "scripts.d", limit_seconds=0.3)
    processes = tmp_path / "processes"
    directory.write("a", f"sleep 1000 & echo $! $$ > {processes}; echo a 1; wait")
    assert directory.run() == ['monitor_script_success{script="a"} 0']
    assert "it takes longer than 0.3 s, and was killed" in capsys.readouterr().err
    for process in processes.read_text().split():
        until(lambda process=process: is_gone(int(process)))


def test_one_that_has_closed_its_output_is_killed_on_time_all_the_same(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "scripts.d", limit_seconds=0.3)
    directory.write("a", "echo a 1; exec >&- 2>&-; sleep 1000")
    assert directory.run() == ['monitor_script_success{script="a"} 0']


def test_no_run_may_last_longer_than_its_interval(directory: Directory, capsys: pytest.CaptureFixture[str]) -> None:
    directory.write("1/a", "sleep 1000")
    directory.run()
    assert "it takes longer than 1 s, and was killed" in capsys.readouterr().err


def test_what_a_good_script_leaves_running_is_ended_too(directory: Directory) -> None:
    process = directory.path.parent / "process"
    directory.write("a", f"sleep 1000 & echo $! > {process}; echo a 1")
    assert directory.run()[0] == "a 1"
    until(lambda: is_gone(int(process.read_text())))


def is_gone(process: int) -> bool:
    """Whether it has ended; one that nobody has reaped yet has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].startswith("Z")
    except FileNotFoundError:
        return True


def make_foreign(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving files away takes root")
    os.chown(path, 12345, -1)


def test_one_that_even_the_kernel_cannot_end_is_not_joined_by_another(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = directory.path.parent / "log"
    directory.write("a", f"echo >> {log}; echo a 1")
    end = script.Program.end
    monkeypatch.setattr(script.Program, "end", lambda self: False)
    for _ in range(2):
        directory.run()
        directory.wait(60)
    assert log.read_text() == "\n"
    monkeypatch.setattr(script.Program, "end", end)
    directory.run()
    assert log.read_text() == "\n\n"


@pytest.mark.parametrize(
    ("make_unsafe", "reason"),
    [
        (lambda path: path.chmod(0o757), "everybody may write to it: chmod o-w {path}"),
        (lambda path: path.parent.chmod(0o777), "everybody may write to it: chmod o-w {path.parent}"),
        (lambda path: path.parent.parent.chmod(0o777), "everybody may write to it: chmod o-w {path.parent.parent}"),
        (make_foreign, "it is not root's: chown root {path}"),
        (lambda path: path.chmod(0o644), "it is not executable: chmod 755 {path}"),
        (lambda path: path.write_text("echo a 1"), "its first line must name its interpreter"),
        (lambda path: path.write_text("#!/nowhere\n"), "the interpreter that its first line names is not there"),
        (lambda path: path.unlink() or path.mkdir(), "it is no regular file"),
        (lambda path: path.unlink() or path.symlink_to("nowhere"), "{path}: No such file or directory"),
    ],
)
def test_what_must_not_or_cannot_run_does_not_and_says_what_to_do(
    directory: Directory, make_unsafe: Callable[[Path], object], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = directory.write("5/a", "echo a 1")
    make_unsafe(path)
    assert directory.run() == ['monitor_script_success{script="5/a"} 0']
    assert reason.format(path=path) in capsys.readouterr().err


def test_files_that_editors_and_tools_leave_and_other_directories_are_passed_over(directory: Directory) -> None:
    for name in (".hidden", "a~", "5/.a.swp", "lib/helper", "0/a", "٣/a"):
        directory.write(name, "echo a 1")
    assert directory.run() == []


def test_a_directory_that_is_missing_is_an_error_only_where_somebody_asked_for_it(tmp_path: Path) -> None:
    assert list(Scripts(str(tmp_path), Options()).update()) == []
    with pytest.raises(FileNotFoundError):
        list(Scripts(str(tmp_path), Options(scripts_directory="/missing")).update())


def test_a_script_has_clean_surroundings(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    found = directory.path.parent / "found"
    monkeypatch.setenv("SECRET", "x")
    # Where memory runs out it goes before the agent; it is told so while it starts.
    wait = "until grep -qx 500 /proc/$$/oom_score_adj; do sleep 0.01; done"
    directory.write("5/a", f"{wait}; (env; echo END; cat; cat /proc/self/status) > {found}")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        assert directory.run() == ['monitor_script_success{script="5/a"} 1']
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    lines = found.read_text().splitlines()
    variables = {line for line in lines[: lines.index("END")] if not line.startswith(("PWD=", "_=", "SHLVL="))}
    assert variables == {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "MONITOR_INTERVAL_SECONDS=5",
        "MONITOR_TIMEOUT_SECONDS=5",
    }
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert int(status["SigBlk"], 16) == 0
    assert not int(status["SigIgn"], 16) & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)


def test_duration_and_end_of_the_last_run_are_told(directory: Directory) -> None:
    before = time.time()
    directory.write("a", "exit 1")
    directory.run()
    rows = list(directory.collector.update())
    assert [metric.name for metric in rows[0].columns.metrics] == [
        "monitor_script_success",
        "monitor_script_duration_seconds",
        "monitor_script_last_run_timestamp_seconds",
    ]
    success, duration, ended = rows[0].values
    assert success == "0"
    assert 0 < float(duration) < PATIENCE_SECONDS
    assert before - 0.001 <= float(ended) <= time.time() + 0.001


def test_the_same_series_from_two_scripts_is_taken_once(directory: Directory) -> None:
    directory.write("a", "echo x 1")
    directory.write("b", "echo x 2; echo y 3")
    assert directory.run() == [
        "x 1",
        "y 3",
        'monitor_script_success{script="a"} 1',
        'monitor_script_success{script="b"} 0',
    ]


def test_output_without_a_line_feed_at_its_end_is_complete_where_the_script_went_well(directory: Directory) -> None:
    directory.write("a", "printf 'a 1'")
    assert directory.run()[0] == "a 1"


def test_hosts_with_the_same_scripts_run_them_at_different_times(monkeypatch: pytest.MonkeyPatch) -> None:
    offsets = set()
    for number in range(20):
        name = os.uname_result(("Linux", f"web-{number}", "", "", ""))
        monkeypatch.setattr(script.os, "uname", lambda name=name: name)
        offsets.add(script.Script("/d", "a", 60, 10)._offset_seconds)
    assert len(offsets) > 10


def test_no_descriptors_are_lost(directory: Directory) -> None:
    directory.write("good", "echo a 1")
    directory.write("bad", "exit 1")
    (directory.path / "worse").write_text("#!/nowhere\n")
    (directory.path / "worse").chmod(0o755)
    directory.run()
    before = open_files()
    for _ in range(3):
        directory.wait(60)
        directory.run()
    assert open_files() == before


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
