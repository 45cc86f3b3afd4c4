"""Addresses and passwords that are secrets: read from files that the service alone can read, never shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

_LONGEST = 64 * 1024


class SecretError(Exception):
    """A file with a secret that cannot be used; the text names the file and never its content."""


def read_secret(file: Path) -> str:
    """The file's text without the white space around it. Raises SecretError."""
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            if mode & 0o077:
                raise SecretError(
                    f"{file} holds a secret and can be read by others than its owner (mode {mode:04o}); "
                    f"make it the service's own: chown monitor-collector {file}; chmod 600 {file}"
                )
            text = opened.read(_LONGEST).decode().strip()
    except OSError as error:
        raise SecretError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretError(f"{file} is no text") from None
    if not text:
        raise SecretError(f"{file} is empty")
    return text


class Secret(NamedTuple):
    """A text as it stands in the configuration, or the file that holds it. Neither is part of its representation."""

    text: str = ""
    file: Path | None = None

    def read(self) -> str:
        """As it is now, so that a file that was replaced takes effect. Raises SecretError."""
        return self.text if self.file is None else read_secret(self.file)

    def __repr__(self) -> str:
        return "Secret(…)" if self.file is None else f"Secret(file={str(self.file)!r})"
