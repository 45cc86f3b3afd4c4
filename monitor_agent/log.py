"""Lines for the journal, with systemd's priorities.

https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html
"""

from __future__ import annotations

import sys

ERROR, WARNING, INFO = 3, 4, 6


def log(priority: int, text: str) -> None:
    """One line on stderr. A journal that is gone never stops the agent."""
    try:
        sys.stderr.write(f"<{priority}>{' '.join(text.splitlines())}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
