#!/usr/bin/env python3
"""Makes a recording for storage.py and storage_formats.py: agents on this machine push to a collector for some hours.

    python3 benchmarks/storage_record.py --hours 2 recording

Do something else on the machine meanwhile: what an idle one records is too regular. The recording is the data directory
of the collector; on SIGTERM or Ctrl-C it ends early, with what has come until then.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import script  # noqa: E402

_LOOK_SECONDS = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/storage_record.py", description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path, metavar="DIRECTORY", help="it is made, or continued")
    parser.add_argument("--hours", type=float, default=2, help="how long (default: 2)")
    parser.add_argument("--hosts", type=int, default=3, help="how many agents there are (default: 3)")
    parser.add_argument("--interval", type=float, default=5, metavar="SECONDS", help="of each (default: 5)")
    return script.run(__file__, parser.parse_args(), record)


def record(options: argparse.Namespace, directory: Path) -> str:
    from benchmarks.collector_process import Setup, collector
    from benchmarks.processes import Process
    from benchmarks.receiver import TEXT_PATH
    from benchmarks.sides import free_port

    recording = options.recording.resolve()
    recording.mkdir(parents=True, exist_ok=True)
    setup = Setup(free_port(), settings={"data_directory": str(recording)})
    command = [sys.executable, "-m", "monitor_agent", "run", "--config"]
    with ExitStack() as stack:
        stack.enter_context(collector(setup, directory))
        agents = []
        for name in (f"host-{number}" for number in range(1, options.hosts + 1)):
            config = directory / f"{name}.ini"
            config.write_text(
                f"[agent]\ninstance = {name}\ninterval_seconds = {options.interval:g}\n"
                f"spool_directory = {directory / name}\n[push]\nurl = {setup.url}{TEXT_PATH}\n"
            )
            environment = {"PYTHONPATH": str(script.ROOT)}
            agents.append(stack.enter_context(Process(name, [*command, config], directory, environment)))
        deadline = time.monotonic() + options.hours * 3600
        while time.monotonic() < deadline:
            time.sleep(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
            for agent in agents:
                agent.check()
    return f"recorded {options.hours:g} h of {options.hosts} hosts in {recording}\n"


if __name__ == "__main__":
    sys.exit(main())
