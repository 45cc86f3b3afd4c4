import sys

from monitor_agent.cli import main

sys.exit(main(sys.argv[1:]))
