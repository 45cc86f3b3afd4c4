"""monitor-agent run|check|once [--config FILE]"""

from __future__ import annotations

import signal
import sys

from monitor_agent import __version__
from monitor_agent.config import ConfigError, read_config

USAGE = """\
monitor-agent run   [--config FILE]   sample and push until stopped
monitor-agent check [--config FILE]   say what is wrong with the configuration
monitor-agent once  [--config FILE]   print one collection
monitor-agent version
"""
DEFAULT_CONFIG = "/etc/monitor-agent/agent.ini"


def main(arguments: list[str]) -> int:
    """Runs one command; 0 when it went well, 1 when the configuration is wrong, 2 when the command is."""
    command, path = (arguments[0] if arguments else "help"), DEFAULT_CONFIG
    if command == "version":
        print(__version__)
        return 0
    if arguments[1:2] == ["--config"] and len(arguments) == 3:
        path = arguments[2]
    elif len(arguments) > 1 or command not in ("run", "check", "once"):
        print(USAGE, end="")
        return 0 if command in ("help", "-h", "--help") else 2
    try:
        config = read_config(path)
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    if command == "check":
        return 0
    from monitor_agent.agent import Agent, print_once

    if command == "once":
        print_once(config, sys.stdout.write)
        return 0
    agent = Agent(config)
    signal.signal(signal.SIGTERM, lambda *_: agent.stop())
    signal.signal(signal.SIGINT, lambda *_: agent.stop())
    agent.run()
    return 0
