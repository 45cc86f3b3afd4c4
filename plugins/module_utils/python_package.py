"""What the modules that pack Python packages have in common."""

from __future__ import annotations

import os
import re
import tempfile

RELEASE_DIGITS = 12


def python_files(package, suffixes=(".py",)):
    """(path relative to the package, content) of every file with one of the suffixes, sorted by path."""
    found = []
    for directory, names, files in os.walk(package):
        names[:] = [name for name in names if name != "__pycache__"]
        for name in files:
            if name.endswith(tuple(suffixes)):
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    found.append((os.path.relpath(path, package), file.read()))
    return sorted(found)


def version_of(package):
    """`__version__` of a package, read without importing it; raises ValueError when there is none."""
    with open(os.path.join(package, "__init__.py"), encoding="utf-8") as file:
        match = re.search(r'^__version__ = "([^"]+)"', file.read(), re.MULTILINE)
    if not match:
        raise ValueError(f"{package}/__init__.py has no __version__")
    return match.group(1)


def write_atomically(path, content, mode):
    """Writes bytes so that nobody ever sees half a file under `path`."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
