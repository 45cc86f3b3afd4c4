#!/usr/bin/python
"""Ansible module: packs a Python package into one reproducible, runnable .pyz file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_zipapp
short_description: Pack a Python package into one runnable file
description:
  - The same sources always give the same bytes, whatever the machine, the clock or the file modes.
  - Runs on the controller, delegated to localhost; needs nothing but Python.
options:
  package:
    description: Directory of the package; it must have a C(__main__.py) and a C(__version__) in C(__init__.py).
    type: path
    required: true
  dest_directory:
    description: Where to write C(NAME-RELEASE.pyz), NAME being the package's with dashes.
    type: path
    required: true
"""

RETURN = r"""
path:
  description: The file.
  type: str
  returned: always
release:
  description: The version with the first digits of the content's SHA-256, for example C(0.1.0+3f2a9c51d0aa).
  type: str
  returned: always
"""

import hashlib
import io
import os
import zipfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.python_package import RELEASE_DIGITS, python_files, version_of, write_atomically

SHEBANG = b"#!/usr/bin/env python3\n"
MAIN = "import sys\n\nfrom %s.cli import main\n\nsys.exit(main(sys.argv[1:]))\n"


def pack(package):
    """The bytes of the .pyz: entries sorted, without times or modes of their own."""
    name = os.path.basename(package)
    entries = [("__main__.py", (MAIN % name).encode())]
    entries += [(os.path.join(name, path), content) for path, content in python_files(package)]
    buffer = io.BytesIO()
    buffer.write(SHEBANG)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(entries):
            entry = zipfile.ZipInfo(path)  # dated 1980-01-01
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def main():
    module = AnsibleModule(
        argument_spec={
            "package": {"type": "path", "required": True},
            "dest_directory": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    package = os.path.abspath(module.params["package"])
    content = pack(package)
    release = f"{version_of(package)}+{hashlib.sha256(content).hexdigest()[:RELEASE_DIGITS]}"
    name = "{}-{}.pyz".format(os.path.basename(package).replace("_", "-"), release)
    path = os.path.join(os.path.abspath(module.params["dest_directory"]), name)
    # The file is a cache of the sources, so it is made in check mode too and never counts as a change.
    if not os.path.exists(path):
        write_atomically(path, content, mode=0o755)
    module.exit_json(changed=False, path=path, release=release)


if __name__ == "__main__":
    main()
