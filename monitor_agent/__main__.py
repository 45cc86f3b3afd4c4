import sys

from monitor_agent.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
