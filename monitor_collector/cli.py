"""The command line: `monitor-collector run`, `check`, `silence` and `storage`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from monitor_collector import __version__, config, rule_commands
from monitor_collector.dashboard.columns import read_columns
from monitor_collector.documents import ConfigError
from monitor_collector.notifications import commands as silence_commands
from monitor_collector.notifications.configuration import read_policy
from monitor_collector.probes.configuration import read_probes

DEFAULT_DIRECTORY = Path("/etc/monitor-collector")

# What one file can be checked as, whatever its name is.
CHECKS: dict[str, Callable[[Path], Any]] = {
    "collector": config.read_settings,
    "targets": config.read_targets,
    "thresholds": config.read_thresholds,
    "receivers": read_policy,
    "dashboard": read_columns,
    "probes": read_probes,
    "credentials": config.read_credentials,
    "config": config.load,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 1 where a file is wrong or the collector cannot start, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    if options.command == "run":
        # Checking a file needs none of what the server imports.
        from monitor_collector.server import run

        return run(options.config_directory)
    if options.command == "silence":
        return silence_commands.run(options)
    if options.command == "storage":
        from monitor_collector import storage_commands

        return storage_commands.run(options)
    if options.command == "test":
        return rule_commands.test_rules(options.paths, options.run)
    if options.kind == "rules":
        return rule_commands.check_rules(options.paths)
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
    silence_commands.add_parser(commands)
    _add_storage_parser(commands)
    rule_commands.add_check_parser(kinds)
    rule_commands.add_test_parser(commands)
    return parser


def _add_storage_parser(commands: Any) -> None:
    storage = commands.add_parser("storage", help="look at the history on disk, and take samples out and in")
    actions = storage.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="read every block, the log and the state, and say what is damaged")
    check.add_argument("--set-aside", action="store_true", help="rename damaged files, so that the collector starts")
    stats = actions.add_parser("stats", help="blocks, samples and bytes")
    export = actions.add_parser("export", help="print samples as Prometheus text with timestamps, or otherwise")
    export.add_argument("--start", type=float, default=0, metavar="SECONDS", help="Unix time; samples after it")
    export.add_argument("--end", type=float, default=2**40, metavar="SECONDS", help="Unix time; samples up to it")
    export.add_argument("--match", default='{__name__!=""}', metavar="SELECTOR", help='for example up{job="host"}')
    export.add_argument("--format", choices=("prometheus", "openmetrics", "parquet"), default="prometheus")
    export.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output; Parquet needs it")
    imported = actions.add_parser("import", help="make a block of samples; stop the service first")
    imported.add_argument(
        "file", type=Path, metavar="FILE", help="Prometheus text with timestamps, - for standard input"
    )
    for action in (check, stats, export, imported):
        action.add_argument("--data-directory", type=Path, default=Path("/var/lib/monitor-collector"))
