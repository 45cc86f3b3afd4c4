"""The command line: monitor-agent run|check|once|status|version [--config FILE]"""

from __future__ import annotations

import sys
import time

from monitor_agent import __version__
from monitor_agent.config import Config, ConfigError, read_config
from monitor_agent.log import ERROR, log

USAGE = """\
monitor-agent run    [--config FILE]   collect and push until stopped
monitor-agent check  [--config FILE]   say what is wrong with the configuration, one line for each mistake
monitor-agent once   [--config FILE]   print one collection
monitor-agent status [--config FILE]   say what waits, what was acknowledged and what is wrong; 0 when all is well
monitor-agent version

FILE is /etc/monitor-agent/agent.ini where it is not given.
"""
DEFAULT_CONFIG = "/etc/monitor-agent/agent.ini"
COMMANDS = ("run", "check", "once", "status")


def main(arguments: list[str]) -> int:
    """Runs one command; 0 when it went well, 1 when it could not, 2 when there is no such command."""
    if arguments in (["help"], ["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    if arguments in (["version"], ["--version"]):
        print(__version__)
        return 0
    command, path = _parse(arguments)
    if command not in COMMANDS:
        print(USAGE, end="", file=sys.stderr)
        return 2
    try:
        config = read_config(path)
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    if command == "check":
        return 0
    if command == "status":
        return _status(config)
    from monitor_agent.agent import CannotRun, page, run_until_signalled  # a check need not wait for these

    if command == "once":
        sys.stdout.write(page(config))
        return 0
    try:
        run_until_signalled(config)
    except CannotRun as error:
        log(ERROR, str(error))
        return 1
    return 0


def _status(config: Config) -> int:
    from monitor_agent.status import describe

    try:
        text, is_well = describe(config, time.time())
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; has the agent run, and may you read it?", file=sys.stderr)
        return 1
    print(text, end="")
    return 0 if is_well else 1


def _parse(arguments: list[str]) -> tuple[str, str]:
    """The command and the path of the configuration; "" for a command that is not understood."""
    if len(arguments) == 1:
        return arguments[0], DEFAULT_CONFIG
    if len(arguments) == 3 and arguments[1] == "--config":
        return arguments[0], arguments[2]
    if len(arguments) == 2 and arguments[1].startswith("--config="):
        return arguments[0], arguments[1].partition("=")[2]
    return "", ""
