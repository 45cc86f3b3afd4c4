"""What can be wrong with a block."""

from pathlib import Path


class BlockDamaged(Exception):
    """A file is no block, is torn, or has changed since it was written; the text says which and where."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is damaged: {reason}")
        self.path = path
        self.reason = reason
