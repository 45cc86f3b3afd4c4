"""`monitor-collector check rules` and `monitor-collector test rules`: for people who write rules."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from monitor_collector.documents import ConfigError
from monitor_collector.rule_files import duplicates, read_groups


def add_check_parser(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `rules FILE…` to what can be checked."""
    parser = kinds.add_parser("rules", help="files with recording and alerting rules")
    parser.add_argument("paths", metavar="FILE", type=Path, nargs="+")


def add_test_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command `test rules FILE…`."""
    tests = commands.add_parser("test", help="run tests of rules")
    kinds = tests.add_subparsers(dest="kind", required=True)
    parser = kinds.add_parser("rules", help="files with tests in the format of promtool test rules")
    parser.add_argument("paths", metavar="FILE", type=Path, nargs="+")
    parser.add_argument(
        "--run",
        metavar="REGEX",
        type=_regular_expression,
        action="append",
        default=[],
        help="run only the tests in whose name this is found; may be given several times",
    )


def check_rules(paths: Sequence[Path]) -> int:
    """Prints the number of rules of each file, to standard error what is wrong; 1 where something is."""
    status = 0
    for path in paths:
        try:
            groups = read_groups(path)
        except ConfigError as error:
            print(error, file=sys.stderr)
            status = 1
            continue
        print(f"{path}: {_counted(sum(len(group.rules) for group in groups), 'rule')}")
        for duplicate in duplicates(groups):
            print(f"{path}: warning: {duplicate}", file=sys.stderr)
    return status


def test_rules(paths: Sequence[Path], run: Sequence[str]) -> int:
    """Runs the tests of each file and prints what came of them; 1 where a test fails or none was run."""
    from monitor_collector.rule_tests import run_file

    reports = [run_file(path, run) for path in paths]
    for report in reports:
        print(report, file=sys.stdout if report.passed else sys.stderr)
    has_run = any(report.results or report.problems for report in reports)
    if run and not has_run:
        print(f"no test has a name with {' or '.join(run)}", file=sys.stderr)
        return 1
    return 0 if all(report.passed for report in reports) else 1


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text
