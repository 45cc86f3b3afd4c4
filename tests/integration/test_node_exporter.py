"""The agent gives what the real node_exporter 1.5 gives: names, labels, types, helps and values.

On recorded machines both read the same files; on this one they read /proc and /sys in turn. The collectors that are
compared are found in both programs' lists, so that a new one of ours joins by itself.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Renderer
from monitor_agent.gather import Gatherer
from monitor_agent.troubles import Troubles
from tests.integration.pages import Difference, Page, differences, read_page
from tests.peers import peer

MACHINES = Path(__file__).parent.parent / "unit" / "agent" / "machines"
RECORDED = sorted(each.name for each in MACHINES.iterdir() if (each / "proc").is_dir())
LIVE = "this machine"
VERSION = "1.5"
START_LIMIT_SECONDS = 20
GATHER_LIMIT_SECONDS = 20

EVERY_UNIT = ".+"

TEXTFILE = r"""# HELP backup_errors_total What went wrong.
# TYPE backup_errors_total counter
backup_errors_total{path="C:\\all",kind="a \"b\""} 1e3
backup_errors_total{path="/srv"} 0.1
# TYPE backup_age_seconds gauge
backup_age_seconds 7
backup_untyped +Inf
"""

# node_exporter has nothing like these.
OURS_ALONE = {"script"}

# systemd is asked over its bus, which no recording has, and runs on most machines only.
NEEDS_A_SERVICE = {"systemd"}


class Allowed(NamedTuple):
    """A difference that is meant; the pattern is searched in it as it is printed.

    It is allowed on one machine only where that is named.
    """

    pattern: str
    reason: str
    machine: str = ""

    def covers(self, difference: Difference, machine: str) -> bool:
        return self.machine in ("", machine) and re.search(self.pattern, str(difference)) is not None


ALLOWED = (
    Allowed(r"^node_exporter_build_info\{.* is missing", "monitor_agent_build_info says which version of ours it is"),
    Allowed(r"^promhttp_metric_handler_errors_total\{.* is missing", "it counts errors of node_exporter's own server"),
    Allowed(r"^node_scrape_collector_duration_seconds\{.*\}  is \d", "each takes its own time"),
    Allowed(r"^node_network_receive_nohandler_total\{.* is only here", "node_exporter asks netlink, never a recording"),
    Allowed(
        r'^node_filesystem_\w+\{device="below",.* is missing',
        "node_exporter tells a mount that another hides, with the figures of the other",
        "many-disks",
    ),
    Allowed(
        r'^node_filesystem_device_error\{.*,mountpoint="/mnt/back\\\\134slash"\}  is missing',
        "node_exporter leaves the kernel's spelling of a backslash as it is, and then finds no such mount point",
        "many-disks",
    ),
    Allowed(
        r'^node_filesystem_\w+\{.*,mountpoint="/mnt/back\\\\slash"\}  is only here',
        "this is the name of that mount point",
        "many-disks",
    ),
    Allowed(
        r'^node_filesystem_\w+\{device="server:/a\\\\040b",.* is missing',
        "node_exporter leaves the kernel's spelling of a space in a device as it is",
        "oddities",
    ),
    Allowed(
        r'^node_filesystem_\w+\{device="server:/a b",.* is only here',
        "this is the name of that device",
        "oddities",
    ),
    Allowed(
        r'^node_cpu_(guest_)?seconds_total\{cpu="1",.* is missing; theirs 0\.0',
        "node_exporter makes up a processor that is switched off if one with a higher number is not",
        "oddities",
    ),
    Allowed(
        r"^node_systemd_(socket_\w+_connections\w*|timer_last_trigger_seconds)\{.* is missing",
        "each would cost a call for each socket and timer, and they hardly ever change",
        LIVE,
    ),
)

# Not in the recording: both ask the kernel of the machine that they run on, one after the other.
ASKED_OF_THIS_MACHINE = r"^node_(time_seconds|timex_\w+|filesystem_(avail_bytes|free_bytes|files_free)\{.*)  is \d"

# Each of the two sees itself at work: its own threads, open files and sockets.
SEEN_DIFFERENTLY = r"^node_(procs_running|filefd_allocated|sockstat_sockets_used|processes_(threads_)?state\{.*)  is "


@pytest.fixture(scope="session")
def node_exporter() -> Path:
    """Debian's node_exporter, which is VERSION in Debian 12. Skips where it is another."""
    program = peer("prometheus-node-exporter")
    version = run(program, "--version").split()[2]
    if not version.startswith(f"{VERSION}."):
        pytest.skip(f"compares with node_exporter {VERSION}, and this system has {version}")
    return program


@pytest.fixture(scope="session")
def common(node_exporter: Path) -> list[str]:
    """The names of the collectors that both have."""
    theirs = re.findall(r"--collector\.(\w+)\s+Enable the \1 collector", run(node_exporter, "--help"))
    return [name for name in COLLECTORS if name in theirs]


def run(program: Path, option: str) -> str:
    said = subprocess.run([program, option], capture_output=True, text=True, check=True)
    return said.stdout + said.stderr


class Pair:
    """Both programs, looking at the same root."""

    def __init__(self, root: str, connection: HTTPConnection, gatherer: Gatherer) -> None:
        self._root = root
        self._connection = connection  # one for all pages: a new one each time would be seen in the socket statistics
        self._gatherer = gatherer
        self._renderer = Renderer({})

    def theirs(self) -> Page:
        self._connection.request("GET", "/metrics")
        response = self._connection.getresponse()
        text = response.read().decode()
        assert response.status == 200, text
        return read_page(text.replace(self._root, ""))  # ours names a textfile as it is called on its machine

    def ours(self) -> Page:
        return read_page(self._renderer.page(self._gatherer.gather(0)))


@contextmanager
def pair(program: Path, collectors: Iterable[str], root: str, home: Path) -> Iterator[Pair]:
    """Starts node_exporter; `home` is an empty directory for what is written."""
    options = Options() if root else Options(textfile_directory=f"{home}/textfile", systemd_unit_include=EVERY_UNIT)
    textfile_directory = Path(f"{root}{options.textfile_directory}")
    textfile_directory.mkdir(parents=True)
    (textfile_directory / "backup.prom").write_text(TEXTFILE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        str(program),
        f"--web.listen-address={address}",
        "--web.disable-exporter-metrics",
        f"--path.procfs={root}/proc",
        f"--path.sysfs={root}/sys",
        f"--path.rootfs={root or '/'}",
        f"--path.udev.data={root}/run/udev/data",
        "--collector.disable-defaults",
        *(f"--collector.{name}" for name in collectors),
        *same_options(options),
        f"--collector.textfile.directory={textfile_directory}",
        *(["--no-collector.netdev.netlink"] if root else []),  # it would tell of this machine
    ]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        gatherer = Gatherer(dict.fromkeys(collectors, 0.0), options, Troubles(), root, GATHER_LIMIT_SECONDS)
        with closing(connect(address, server, home / "log")) as connection:
            yield Pair(root, connection, gatherer)
    finally:
        server.kill()
        server.wait()


def same_options(options: Options) -> list[str]:
    """Our options in node_exporter's words. Debian changed some of its defaults."""
    return [
        f"--collector.diskstats.device-exclude={options.diskstats_device_exclude}",
        f"--collector.filesystem.fs-types-exclude={options.filesystem_fs_types_exclude}",
        f"--collector.filesystem.mount-points-exclude={options.filesystem_mount_points_exclude}",
        "--collector.netdev.device-exclude=",
        f"--collector.netstat.fields={options.netstat_fields}",
        f"--collector.systemd.unit-include={EVERY_UNIT}",
        "--collector.systemd.unit-exclude=",
        f"--collector.vmstat.fields={options.vmstat_fields}",
    ]


def connect(address: str, server: subprocess.Popen[bytes], log: Path) -> HTTPConnection:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        connection = HTTPConnection(address, timeout=START_LIMIT_SECONDS)
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return connection
    pytest.fail(f"node_exporter did not start:\n{log.read_text()}")


class Comparison(NamedTuple):
    """What was found on one machine; `working` are the collectors that succeeded in node_exporter."""

    machine: str
    found: list[Difference]
    working: set[str]

    def fail_if_unexpected(self) -> None:
        """Fails the test with the differences that are not allowed, one a line."""
        lines = [str(each) for each in self.found if not any(allowed.covers(each, self.machine) for allowed in ALLOWED)]
        if lines:
            pytest.fail("\n".join(lines), pytrace=False)


@pytest.fixture(scope="session")
def recorded(node_exporter: Path, common: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Comparison]:
    """Each recorded machine, read twice: what a collector keeps from the first time must not change the second."""
    collectors = [each for each in common if each not in NEEDS_A_SERVICE]
    comparisons = {}
    for name in RECORDED:
        home = tmp_path_factory.mktemp(name)
        root = shutil.copytree(MACHINES / name, home / "root", symlinks=True)
        with pair(node_exporter, collectors, str(root), home) as programs:
            first, second = ((programs.theirs(), programs.ours()) for _ in range(2))
            found = dict.fromkeys(each for theirs, ours in (first, second) for each in differences([theirs], [ours]))
            comparisons[name] = Comparison(name, without(ASKED_OF_THIS_MACHINE, found), working(first[0]))
    return comparisons


@pytest.fixture(scope="session")
def live(node_exporter: Path, common: list[str], tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """This machine, read in turn, so that what does not move must be the same for both."""
    with pair(node_exporter, common, "", tmp_path_factory.mktemp("live")) as programs:
        theirs, ours = zip(*((programs.theirs(), programs.ours()) for _ in range(3)), strict=True)
    return Comparison(LIVE, without(SEEN_DIFFERENTLY, differences(theirs, ours)), working(theirs[0]))


def without(pattern: str, found: Iterable[Difference]) -> list[Difference]:
    return [each for each in found if not re.search(pattern, str(each))]


def working(page: Page) -> set[str]:
    success = "node_scrape_collector_success"
    series = [dict(labels) for labels, value in page.samples.items() if value == 1]
    return {labels["collector"] for labels in series if labels["__name__"] == success}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_machine_is_told_as_node_exporter_tells_it(name: str, recorded: dict[str, Comparison]) -> None:
    recorded[name].fail_if_unexpected()


def test_this_machine_is_told_as_node_exporter_tells_it(live: Comparison) -> None:
    live.fail_if_unexpected()


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: allowed.reason)
def test_every_difference_that_is_allowed_is_there(
    allowed: Allowed, recorded: dict[str, Comparison], live: Comparison
) -> None:
    if allowed.machine == LIVE and not live.working & NEEDS_A_SERVICE:
        pytest.skip("systemd does not run here")
    comparisons = [live] if allowed.machine == LIVE else recorded.values()
    assert any(allowed.covers(each, comparison.machine) for comparison in comparisons for each in comparison.found)


def test_every_collector_of_ours_is_one_of_theirs(common: list[str]) -> None:
    assert set(COLLECTORS) - set(common) == OURS_ALONE & set(COLLECTORS)


def test_every_collector_works_on_some_machine(
    common: list[str], recorded: dict[str, Comparison], live: Comparison
) -> None:
    anywhere = live.working.union(*(comparison.working for comparison in recorded.values()))
    assert set(common) - anywhere <= NEEDS_A_SERVICE
