#!/usr/bin/python
"""Ansible module: packs a Python program with its dependencies for another machine's Python."""

from __future__ import annotations

DOCUMENTATION = r"""
module: python_bundle
short_description: Pack a Python program with everything it imports, for the Python of another machine
description:
  - Makes a gzipped tar archive with a launcher, the package and its dependencies as wheels made for the target, so that
    the target needs neither pip nor venv nor a way to the internet.
  - Runs on the controller, delegated to localhost, with the pip of the Python that it runs on. What was
    packed once is taken from C(dest_directory) the next time.
  - Where the controller's Python is of the target's version, everything is compiled too, which a small target would
    take long for.
options:
  package:
    description: Directory of the package; it must have C(cli.main) and a C(__version__) in C(__init__.py).
    type: path
    required: true
  requirements:
    description: Requirements file, locked with hashes.
    type: path
    required: true
  python_version:
    description: The target's Python, for example C(3.11).
    type: str
    required: true
  architecture:
    description: The target's machine type as C(uname -m) gives it.
    type: str
    required: true
  dest_directory:
    description: Where to write the archive.
    type: path
    required: true
"""

RETURN = r"""
path:
  description: The archive.
  type: str
  returned: always
is_compiled:
  description: Whether the target need not compile it.
  type: bool
  returned: always
release:
  description: The version with the first digits of a SHA-256 over everything that went in.
  type: str
  returned: always
"""

import compileall
import gzip
import hashlib
import io
import os
import py_compile
import shutil
import subprocess
import sys
import tarfile
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.python_package import RELEASE_DIGITS, python_files, version_of, write_atomically

# The tags under which wheels for glibc are published; Debian 11's glibc 2.31 and everything newer runs them.
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
PACKAGE_DATA = (".py", ".html", ".css", ".js", ".svg", ".json", ".yml")

LEFT_OUT_DIRECTORIES = ("tests", "include")
LEFT_OUT_SUFFIX = ".pyi"

LAUNCHER = """\
#!/usr/bin/python3 -I
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib"))

from %s.cli import main

sys.exit(main(sys.argv[1:]))
"""


def fingerprint(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()[:RELEASE_DIGITS]


def download_dependencies(requirements, python_version, architecture, directory):
    """Unpacks the wheels into `directory`; raises RuntimeError with pip's last words when one cannot be had."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--require-hashes",
        "--no-deps",
    ]
    command += ["--only-binary=:all:", "--implementation=cp", "--python-version", python_version]
    command += ["--target", directory, "--requirement", requirements]
    for platform in PLATFORMS:
        command += ["--platform", f"{platform}_{architecture}"]
    pip = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if pip.returncode != 0:
        last_words = "\n".join(pip.stdout.decode("utf-8", "replace").strip().splitlines()[-5:])
        raise RuntimeError(f"pip could not get the wheels of {requirements}:\n{last_words}")


def remove_what_only_developers_need(directory):
    """Tests, type stubs and C headers: a third of numpy."""
    for place, names, files in os.walk(directory):
        for name in [name for name in names if name in LEFT_OUT_DIRECTORIES]:
            shutil.rmtree(os.path.join(place, name))
            names.remove(name)
        for name in files:
            if name.endswith(LEFT_OUT_SUFFIX):
                os.unlink(os.path.join(place, name))


def pack(directory):
    """The directory as .tar.gz bytes, entries sorted and without owners or times of their own."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        archive.add(directory, arcname=".", filter=without_owner_and_time)
    return buffer.getvalue()


def without_owner_and_time(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def compile_all(directory):
    """Beside each source. A library may have files that are no Python of this version; those stay as they are."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH  # times are not packed
    compileall.compile_dir(directory, quiet=2, workers=0, invalidation_mode=unchecked)


def build(params, name, files, is_compiled):
    """Everything put together in a directory of its own, then packed."""
    directory = tempfile.mkdtemp()
    try:
        library = os.path.join(directory, "lib")
        download_dependencies(params["requirements"], params["python_version"], params["architecture"], library)
        shutil.rmtree(os.path.join(library, "bin"), ignore_errors=True)
        remove_what_only_developers_need(library)
        for path, content in files:
            write_atomically(os.path.join(library, name, path), content, mode=0o644)
        if is_compiled:
            compile_all(library)
        launcher = (LAUNCHER % name).encode()
        write_atomically(os.path.join(directory, name.replace("_", "-")), launcher, mode=0o755)
        return pack(directory)
    finally:
        shutil.rmtree(directory)


def main():
    module = AnsibleModule(
        argument_spec={
            "package": {"type": "path", "required": True},
            "requirements": {"type": "path", "required": True},
            "python_version": {"type": "str", "required": True},
            "architecture": {"type": "str", "required": True},
            "dest_directory": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    package = os.path.abspath(params["package"])
    name = os.path.basename(package)
    files = python_files(package, PACKAGE_DATA)
    with open(params["requirements"], "rb") as file:
        locked = file.read()
    recipe = [LAUNCHER, *LEFT_OUT_DIRECTORIES, LEFT_OUT_SUFFIX]
    parts = [
        locked,
        *(part.encode() for part in recipe),
        params["python_version"].encode(),
        params["architecture"].encode(),
    ]
    for path, content in files:
        parts += [path.encode(), content]
    release = f"{version_of(package)}+{fingerprint(parts)}"
    is_compiled = params["python_version"] == "{}.{}".format(*sys.version_info)
    # Not part of the release, which is the same whoever has packed it.
    kind = "compiled" if is_compiled else "sources"
    archive = "{}-{}-{}.tar.gz".format(name.replace("_", "-"), release, kind)
    path = os.path.join(os.path.abspath(params["dest_directory"]), archive)
    # The archive is a cache of the sources, so it is made in check mode too and never counts as a change.
    if not os.path.exists(path):
        try:
            write_atomically(path, build(params, name, files, is_compiled), mode=0o644)
        except RuntimeError as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=False, path=path, release=release, is_compiled=is_compiled)


if __name__ == "__main__":
    main()
