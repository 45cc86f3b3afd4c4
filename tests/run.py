"""What `bin/test` does: prepares the tools, runs each part to its end, and closes with the counts of all of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lab import prerequisites
from lab.commands import as_root
from lab.errors import LabError
from lab.progress import say
from tests.vagrant.libvirt import isolated
from tests.vagrant.prepare import VAGRANT, prepare

ROOT = Path(__file__).resolve().parent.parent
TOOLS = prerequisites.VIRTUAL_ENVIRONMENT / "bin"
REPORTS = ROOT / ".build" / "test-reports"
# Debian package -> a file or program that shows that it is there.
BROWSER_PACKAGES = {"chromium": "chromium", "fonts-dejavu-core": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"}

# Many tests wait for something most of their time. Neighbours mostly share what they start, so they stay together. (Not
# by `loadfile`: of tests with the same name, as schemathesis has them, it runs only one.)
SIDE_BY_SIDE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal")

# Emulated machines take a quarter of an hour for all of it, on two processors that have nothing else to do.
VAGRANT_LIMIT_SECONDS = 30 * 60

USAGE = """\
bin/test            all of these, in this order
bin/test lint       ruff, yamllint, ansible-lint with its production profile
bin/test unit       pytest over tests/: both programs, the templates, the lab's and the playbooks' own code
bin/test browser    the page in Chromium, before a collector whose hosts are made up
bin/test molecule   a lab of its own, provisioned twice, looked at from outside and in Chromium, and its alarms rung
bin/test vagrant    two virtual machines, looked at, drilled and switched off; SKIP_VAGRANT=1 bin/test leaves it out
"""


class Counts(NamedTuple):
    """How many tests of one part passed and failed; a tool that is not pytest counts as one test."""

    passed: int
    failed: int


def main(arguments: Sequence[str]) -> int:
    """Runs the parts named, all when none is; returns 0 only when everything passed."""
    parts: dict[str, Callable[[], Counts]] = {
        "lint": lint,
        "unit": unit,
        "browser": browser,
        "molecule": molecule,
        "vagrant": vagrant,
    }
    unknown = [name for name in arguments if name not in parts]
    if unknown:
        print(USAGE, end="")
        return 0 if unknown[0] in ("help", "-h", "--help") else 2
    try:
        prerequisites.install_python_tools(ROOT / "requirements" / "development.txt")
    except LabError as error:
        say(f"bin/test: {error}")
        return 1
    REPORTS.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for name in arguments or by_default(parts):
        started = time.monotonic()
        counts = parts[name]()
        say(f"{name}: {counts.passed} passed, {counts.failed} failed in {time.monotonic() - started:.0f} s\n")
        passed += counts.passed
        failed += counts.failed
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


def by_default(parts: Iterable[str]) -> list[str]:
    """All, without virtual machines where SKIP_VAGRANT is 1."""
    if os.environ.get("SKIP_VAGRANT") != "1":
        return list(parts)
    say("bin/test: no virtual machines, since SKIP_VAGRANT is 1")
    return [name for name in parts if name != "vagrant"]


def lint() -> Counts:
    commands = (
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["yamllint", "--strict", "."],
        ["ansible-lint", "--offline"],
    )
    outcomes = [run(command) == 0 for command in commands]
    return Counts(outcomes.count(True), outcomes.count(False))


def unit() -> Counts:
    """Vagrant is there to judge the Vagrantfile."""
    return pytest("unit", VAGRANT, "--ignore=tests/browser", *SIDE_BY_SIDE)


def browser() -> Counts:
    """Chromium is Debian's: what Playwright would download is not needed then."""
    return pytest("browser", BROWSER_PACKAGES, "tests/browser", *SIDE_BY_SIDE)


def pytest(part: str, packages: Mapping[str, str], *arguments: str) -> Counts:
    """Runs a part's tests, for which these Debian packages must be there."""
    if not install(packages):
        return Counts(0, 1)
    report = REPORTS / f"{part}.xml"
    report.unlink(missing_ok=True)
    code = run(["pytest", "--quiet", *arguments, f"--junitxml={report}"])
    return counts_of(report, code)


def molecule() -> Counts:
    """The scenario itself counts as one test: its sequence has checks that are not pytest's."""
    if not install(BROWSER_PACKAGES):
        return Counts(0, 1)
    report = ROOT / ".build" / "molecule-verify.xml"
    report.unlink(missing_ok=True)
    code = run(["molecule", "test"], LAB_NAME="molecule", LAB_PORT="0")
    counts = counts_of(report, 0)
    return Counts(counts.passed + (code == 0), counts.failed + (code != 0))


def vagrant() -> Counts:
    """The scenario itself counts as one test, as Molecule's does."""
    report = REPORTS / "vagrant.xml"
    report.unlink(missing_ok=True)
    try:
        prepare()
    except LabError as error:
        say(f"bin/test vagrant: {error}")
        return Counts(0, 1)
    python = str(prerequisites.VIRTUAL_ENVIRONMENT / "bin" / "python")
    code = run(as_root(isolated([python, "-m", "tests.vagrant.scenario", str(report)])), VAGRANT_LIMIT_SECONDS)
    counts = counts_of(report, 0)
    return Counts(counts.passed + (code == 0), counts.failed + (code != 0))


def install(packages: Mapping[str, str]) -> bool:
    """Installs those of these Debian packages that are missing. False when it cannot."""
    try:
        prerequisites.install_packages(prerequisites.missing_of(packages))
    except LabError as error:
        say(f"bin/test: {error}")
        return False
    return True


def counts_of(report: Path, exit_code: int) -> Counts:
    """Reads pytest's report; one that is missing, or a failure that it does not show, counts as a failed test."""
    if not report.exists():
        return Counts(0, 1)
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total, errors, failures, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "errors", "failures", "skipped")
    )
    failed = errors + failures
    return Counts(total - failed - skipped, failed if failed or exit_code == 0 else 1)


def run(command: Sequence[str], limit_seconds: float | None = None, **environment: str) -> int:
    """Runs a command whose output is for people; returns its exit code, 1 when it took longer than the limit."""
    say(f"$ {' '.join(command)}")
    path = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    everything = {**os.environ, "PATH": path, **environment}
    sys.stdout.flush()
    try:
        return subprocess.run(command, cwd=ROOT, env=everything, timeout=limit_seconds, check=False).returncode
    except subprocess.TimeoutExpired:
        say(f"bin/test: stopped, since it took longer than {limit_seconds:.0f} s")
        return 1
