"""The command line: `monitor-collector run` and `monitor-collector check`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from monitor_collector import __version__, config
from monitor_collector.documents import ConfigError
from monitor_collector.rule_files import read_groups

DEFAULT_DIRECTORY = Path("/etc/monitor-collector")

# What one file can be checked as, whatever its name is.
CHECKS: dict[str, Callable[[Path], Any]] = {
    "collector": config.read_settings,
    "targets": config.read_targets,
    "thresholds": config.read_thresholds,
    "receivers": config.read_receivers,
    "credentials": config.read_credentials,
    "rules": read_groups,
    "config": config.load,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 1 where a file is wrong or the collector cannot start, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    if options.command == "run":
        # Checking a file, which Ansible does often, needs none of what the server imports.
        from monitor_collector.server import run

        return run(options.config_directory)
    return check(options.kind, options.paths)


def check(kind: str, paths: Sequence[Path]) -> int:
    """Prints a line for each problem to standard error."""
    status = 0
    for path in paths:
        try:
            CHECKS[kind](path)
        except ConfigError as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="monitor-collector", description="Collects metrics and raises alarms.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run in the foreground, as a service manager wants it")
    run.add_argument("--config-directory", type=Path, default=DEFAULT_DIRECTORY)
    checks = commands.add_parser("check", help="check configuration files, say what is wrong, and change nothing")
    kinds = checks.add_subparsers(dest="kind", required=True)
    for kind in CHECKS:
        metavar = "DIRECTORY" if kind == "config" else "FILE"
        kinds.add_parser(kind).add_argument("paths", metavar=metavar, type=Path, nargs="+")
    return parser
