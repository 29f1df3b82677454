#!/usr/bin/python3
"""Prints what is in a static binary as CycloneDX JSON: each Debian package of which an archive was linked or a header was read.

  package/sbom.py --build build/cross/armhf --arch armhf --version 0.1.0

The archives are those of the linker's map (-Wl,-Map=bmsd.map), the headers those that ninja noted. So nothing is listed that was not
used, and nothing that was used is left out: a file that belongs to no package is an error.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[1]

# SPDX, from the copyright files of the packages; what is compiled in, not what else is in the source package.
LICENCES = {
    "libc6-dev": "LGPL-2.1-or-later",
    "libcrypt-dev": "LGPL-2.1-or-later",
    "linux-libc-dev": "GPL-2.0-only WITH Linux-syscall-note",
    "libdbus-1-dev": "AFL-2.1 OR GPL-2.0-or-later",
    "libboost1.81-dev": "BSL-1.0",
    "libfmt-dev": "MIT",
    "nlohmann-json3-dev": "MIT",
    "libcli11-dev": "BSD-3-Clause",
    "libstdc++-12-dev": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libgcc-12-dev": "GPL-3.0-or-later WITH GCC-exception-3.1",
}


def fail(text):
    sys.exit(f"sbom: {text}")


def linked_archives(build):
    """The archives of which the linker took at least one member."""
    text = (build / "bmsd.map").read_text(errors="replace")
    section = text.split("\n\nDiscarded input sections")[0].split("\n\nMemory Configuration")[0]
    return {os.path.realpath(build / name) for name in re.findall(r"^(\S+\.a)\(\S+\)$", section, re.MULTILINE)}


def headers_read(build):
    lines = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {os.path.realpath(build / line.strip()) for line in lines if line.startswith("    ")}


class Packages:
    def __init__(self, arch):
        self.folder = (ROOT / "build/sysroot" / arch).resolve()
        self.versions = dict(line.split(" ", 1) for line in (self.folder / "packages").read_text().splitlines())
        self.owners = {}
        for line in (self.folder / "contents").read_text().splitlines():
            name, path = line.split(" ", 1)
            self.owners[os.path.realpath(self.folder / path)] = name

    def find(self, files):
        """Package -> version; of the sysroot, or (the compiler's own) of this machine."""
        found, own = {}, []
        for file in sorted(files):
            if file in self.owners:
                found[self.owners[file]] = self.versions[self.owners[file]]
            elif pathlib.Path(file).is_relative_to(self.folder):
                fail(f"{file} is of no package")
            elif not pathlib.Path(file).is_relative_to(ROOT):
                own.append(file)
        if own:
            found.update(owners_here(own))
        return found


def owners_here(files):
    done = subprocess.run(["dpkg-query", "--search", *files], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"of no package: {done.stderr.strip()}")
    names = {line.split(": ")[0].split(":")[0] for line in done.stdout.splitlines()}
    return {name: subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", name], capture_output=True, text=True, check=True)
            .stdout for name in names}


def component(name, version, arch, linked):
    plain = re.sub(r"-(armhf|arm64)-cross$", "", name)
    if plain not in LICENCES:
        fail(f"{name} is new here: read its copyright file and add its licence to LICENCES in package/sbom.py")
    url = f"pkg:deb/debian/{name.replace('+', '%2B')}@{version.replace('+', '%2B').replace(':', '%3A').replace('~', '%7E')}?arch={arch}&distro=debian-12"
    return {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url,
            "licenses": [{"expression": LICENCES[plain]}],
            "properties": [{"name": "bmsd:use", "value": "static library and headers" if linked else "headers"}]}


def bom(arguments):
    build = pathlib.Path(arguments.build).resolve()
    packages = Packages(arguments.arch)
    archives = packages.find(linked_archives(build))
    headers = packages.find(headers_read(build))
    parts = [component(name, version, arguments.arch, name in archives) for name, version in sorted({**headers, **archives}.items())]
    own = f"pkg:generic/bmsd@{arguments.version}?arch={arguments.arch}"
    result = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": own, "name": "bmsd", "version": arguments.version, "purl": own,
                          "licenses": [{"expression": "Apache-2.0"}]},
        },
        "components": parts,
        "dependencies": [{"ref": own, "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    # The same content has the same number, so that two builds are the same.
    result["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(result, sort_keys=True))}"
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", required=True, help="the folder that the binary was built in")
    parser.add_argument("--arch", required=True, help="armhf, arm64 or amd64")
    parser.add_argument("--version", required=True, help="of bmsd")
    json.dump(bom(parser.parse_args()), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
