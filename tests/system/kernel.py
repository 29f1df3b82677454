"""A real kernel with CAN, as the machine that runs the tests has none: Debian's, in qemu without any acceleration.

The kernel's package is downloaded once and kept below build/. The machine has a RAM disk with busybox, the program under test
with the libraries that it needs, and a script; what the script prints comes back line by line.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from processes import BMSD, Process

CACHE = pathlib.Path(__file__).parents[2] / "build/kernel"
MODULES = ("net/can/can.ko", "net/can/can-raw.ko", "drivers/net/can/dev/can-dev.ko", "drivers/net/can/vcan.ko")
BUSYBOX = "/bin/busybox"
PATIENCE = 500  # s; a boot takes about six, on a machine that has nothing else to do

HEAD = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in can can-raw can-dev vcan; do insmod /modules/$module.ko || echo "@@ no module $module"; done
say() { echo "@@ $*"; }
"""


def _run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, capture_output=True, **options).stdout


def package():
    """The name of Debian's present kernel package; the one for clouds has no CAN."""
    found = re.search(r"Depends: (linux-image-\S+)", _run("apt-cache", "depends", "linux-image-amd64"))
    assert found, "apt knows no linux-image-amd64: apt-get update"
    return found.group(1)


def kernel():
    """The folder with vmlinuz and the modules."""
    kept = sorted(CACHE.glob("linux-image-*/vmlinuz"))
    if kept:
        return kept[-1].parent
    name = package()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        os.chmod(work, 0o755)  # apt downloads as another user where it can
        _run("apt-get", "download", name, cwd=work)
        _run("dpkg-deb", "-x", next(pathlib.Path(work).glob("*.deb")), f"{work}/all")
        ready = pathlib.Path(work) / "ready"
        ready.mkdir()
        shutil.copy(next(pathlib.Path(f"{work}/all/boot").glob("vmlinuz-*")), ready / "vmlinuz")
        for module in MODULES:
            shutil.copy(next(pathlib.Path(f"{work}/all/lib/modules").glob(f"*/kernel/{module}")), ready)
        try:
            ready.rename(CACHE / name)
        except OSError:  # another test was quicker
            assert (CACHE / name / "vmlinuz").exists()
    return CACHE / name


class RamDisk:
    """Files for the kernel's first file system, in the format "newc" of cpio."""

    def __init__(self):
        self._bytes = bytearray()
        self._folders = set()
        self._count = 0

    def _add(self, name, mode, content=b""):
        self._count += 1
        path = name.encode() + b"\0"
        fields = (self._count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        self._bytes += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self._bytes += b"\0" * (-len(self._bytes) % 4) + content
        self._bytes += b"\0" * (-len(self._bytes) % 4)

    def folder(self, name):
        for part in [str(one) for one in reversed(pathlib.PurePath(name).parents)][1:] + [name]:
            if part not in self._folders:
                self._folders.add(part)
                self._add(part, 0o040755)

    def file(self, name, content, mode=0o100755):
        name = name.lstrip("/")
        if "/" in name:
            self.folder(name.rpartition("/")[0])
        self._add(name, mode, content if isinstance(content, bytes) else content.encode())

    def copy(self, source, name=None):
        self.file(name or str(source), pathlib.Path(source).read_bytes())

    def program(self, source, name):
        """A program with the libraries that it needs."""
        self.copy(source, name)
        listed = subprocess.run(["ldd", str(source)], text=True, capture_output=True, check=False).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            if library.lstrip("/") not in self._folders:
                self._folders.add(library.lstrip("/"))
                self.copy(library)

    def write(self, path):
        self._add("TRAILER!!!", 0)
        pathlib.Path(path).write_bytes(bytes(self._bytes))


def run_in_kernel(folder, script, files=()):
    """Runs `script` (busybox's shell, after HEAD) as the first program of a machine that ends with it; what it said with `say`.

    `files`: (name, content) of further files. The program under test is /bmsd.
    """
    image = kernel()
    disk = RamDisk()
    for name in ("bin", "dev", "proc", "sys", "tmp", "run"):
        disk.folder(name)
    disk.copy(BUSYBOX, "bin/busybox")
    disk.program(BMSD, "bmsd")
    for module in MODULES:
        disk.copy(image / pathlib.PurePath(module).name, "modules/" + pathlib.PurePath(module).name)
    for name, content in files:
        disk.file(name, content)
    disk.file("init", HEAD + script + "\nsay end\npoweroff -f\n")
    disk.write(folder / "ramdisk")
    machine = Process("qemu-system-x86_64", "-accel", "tcg", "-machine", "pc", "-cpu", "max", "-m", "512", "-nodefaults", "-no-reboot",
                      "-display", "none", "-serial", "stdio", "-kernel", image / "vmlinuz", "-initrd", folder / "ramdisk",
                      "-append", "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on")
    try:
        machine.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        machine.stop()
        raise AssertionError(f"the machine did not end within {PATIENCE} s:\n{machine}") from None
    said = [line.partition("@@ ")[2].strip() for line in machine.out if "@@ " in line]
    assert "end" in said, f"the machine ended early:\n{machine}"
    return said
