#!/usr/bin/python
"""Ansible module: writes files that belong together, once a command has found all of them right."""

from __future__ import annotations

DOCUMENTATION = r"""
module: text_files
short_description: Write files that belong together, once a command has found them right
description:
  - The files are put into a directory of their own first, and a command checks them there, all at once. Only if it
    finds nothing wrong, those that differ are put in place, each whole.
  - Where nothing differs, nothing is checked.
  - All are written in one go, which takes as long as one file does otherwise.
options:
  directory:
    description: Where the files are. It must exist, with the directories of all files.
    type: path
    required: true
  files:
    description: Paths below the directory and the texts of the files. It is not logged on the host.
    type: dict
    required: true
  check:
    description:
      - The command and its arguments; C({directory}) stands for where the files are to be checked. Without one they are
        taken as they are.
    type: list
    elements: str
    default: []
  secret:
    description: Those of the files whose text is never shown.
    type: list
    elements: str
    default: []
  only_in:
    description: A directory below in which all files are removed that are not among C(files).
    type: str
extends_documentation_fragment: [files]
"""

RETURN = r"""
paths:
  description: What was written or removed.
  type: list
  elements: str
  returned: always
"""

import os
import shutil
import tempfile

from ansible.module_utils.basic import AnsibleModule


def text_of(path):
    """None if there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)


def put(module, paths):
    """Checks all files together, then puts some in place. Fails with what the command says, naming files as they will
    be, and leaves all as they are then."""
    directory, files = module.params["directory"], module.params["files"]
    staged = tempfile.mkdtemp(dir=directory, prefix=".new-")  # for its owner alone, and on the same disk
    try:
        for path, text in files.items():
            write(os.path.join(staged, path), text)
        check(module, staged)
        for path in () if module.check_mode else paths:
            set_attributes(module, os.path.join(staged, path))
            os.replace(os.path.join(staged, path), os.path.join(directory, path))
    finally:
        shutil.rmtree(staged)


def check(module, staged):
    command = [part.replace("{directory}", staged) for part in module.params["check"]]
    if not command or (module.check_mode and not all(os.path.exists(part) for part in command if part.startswith("/"))):
        return  # in a rehearsal nobody may have installed it
    status, out, error = module.run_command(command)
    if status:
        said = (out + error).replace(staged, module.params["directory"]).strip()
        module.fail_json(msg=said or f"exit status {status}")


def set_attributes(module, path):
    """Whether owner, group or mode were others."""
    return module.set_fs_attributes_if_different(module.load_file_common_arguments(module.params, path=path), False)


def main():
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "check": {"type": "list", "elements": "str", "default": []},
            "secret": {"type": "list", "elements": "str", "default": []},
            "only_in": {"type": "str"},
        },
        add_file_common_args=True,
        supports_check_mode=True,
        no_log=True,  # of the arguments, on the host
    )
    directory, files, only_in = (module.params[name] for name in ("directory", "files", "only_in"))
    # With -vvv Ansible shows the arguments.
    module.no_log_values.update(files[path] for path in module.params["secret"] if files.get(path))
    current = {path: text_of(os.path.join(directory, path)) for path in files}
    differing = [path for path, text in files.items() if text != current[path]]
    kept = {os.path.join(directory, path) for path in files}
    found = os.scandir(os.path.join(directory, only_in)) if only_in else ()
    leftover = sorted(entry.path for entry in found if entry.is_file() and entry.path not in kept)
    if differing:
        put(module, differing)
    for path in () if module.check_mode else leftover:
        os.unlink(path)
    changed = [os.path.join(directory, path) for path in differing] + leftover
    for path in sorted(kept):
        if os.path.exists(path) and set_attributes(module, path) and path not in changed:
            changed.append(path)
    diff = [
        {"before": current[path] or "", "after": files[path], "before_header": path, "after_header": path}
        for path in differing
        if path not in module.params["secret"]
    ]
    module.exit_json(changed=bool(changed), paths=changed, diff=diff)


if __name__ == "__main__":
    main()
