#!/usr/bin/python
"""Ansible module: compiles a .pyz for the Python of the host, so that it starts faster and takes less memory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_zipapp_compile
short_description: Compile a .pyz for the Python of the host
description:
  - A Python that runs a .pyz of sources compiles them at every start, and keeps the memory that this took.
  - The compiled file holds the sources too. Another Python, after an upgrade of the host, falls back to them.
  - Documentation strings are left out of the compiled code.
  - Runs with C(ansible_python_interpreter); it should be the one that will run the file.
options:
  src:
    description: The file of sources, on the host.
    type: path
    required: true
  dest:
    description: The file to write.
    type: path
    required: true
"""

RETURN = r"""
"""

import hashlib
import importlib.util
import io
import marshal
import os
import zipfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.python_package import write_atomically

HASH_THAT_NEED_NOT_BE_CHECKED = 1  # https://peps.python.org/pep-0552/
WITHOUT_DOCUMENTATION = 2


def compiled(source, path):
    """The bytes of a .pyc. `path` is what a traceback names."""
    code = compile(source, path, "exec", dont_inherit=True, optimize=WITHOUT_DOCUMENTATION)
    flags = HASH_THAT_NEED_NOT_BE_CHECKED.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def pack(content, dest, comment):
    """The bytes of the .pyz: each source with its compiled code beside it, and `comment` in the archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as sources, zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = comment
        for entry in sources.infolist():
            source = sources.read(entry)
            archive.writestr(entry, source)
            if entry.filename.endswith(".py"):
                pyc = zipfile.ZipInfo(entry.filename + "c")
                pyc.external_attr = 0o644 << 16
                archive.writestr(pyc, compiled(source, os.path.join(dest, entry.filename)))
    return buffer.getvalue()


def comment_of(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment
    except (OSError, zipfile.BadZipFile):
        return None


def main():
    module = AnsibleModule(
        argument_spec={"src": {"type": "path", "required": True}, "dest": {"type": "path", "required": True}},
        supports_check_mode=True,
    )
    src, dest = module.params["src"], module.params["dest"]
    try:
        with open(src, "rb") as file:
            content = file.read()
    except OSError as error:
        if module.check_mode and not os.path.exists(src):
            module.exit_json(changed=True)  # a rehearsal, in which nobody has copied it
        module.fail_json(msg=f"{src} cannot be read: {error.strerror}")
    # Compiling twice does not give the same bytes, so what it was made from is compared.
    comment = f"{hashlib.sha256(content).hexdigest()} {importlib.util.MAGIC_NUMBER.hex()} {dest}".encode()
    is_current = comment_of(dest) == comment
    if not is_current and not module.check_mode:
        write_atomically(dest, pack(content, dest, comment), mode=0o755)
    module.exit_json(changed=not is_current)


if __name__ == "__main__":
    main()
