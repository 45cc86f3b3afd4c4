"""`python -m monitor_collector` is the same as `monitor-collector`."""

import sys

from monitor_collector.cli import main

if __name__ == "__main__":
    sys.exit(main())
