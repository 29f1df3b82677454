"""A machine with Venus OS, as far as an installer sees it: a read-only root file system with busybox and daemontools, /data, and what is
in RAM. It boots in namespaces of its own (needs to be root), and a firmware update gives it another root. What Venus OS itself
does (udev, serial-starter) is played by the scripts in venus_root/, written from what is known of its behaviour."""

import atexit
import functools
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile

from processes import BMSD, PATIENCE, wait_until

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / "package/venus"
PARTS = pathlib.Path(__file__).parent / "venus_root"
DAEMONTOOLS = ["svscan", "supervise", "svc", "svok", "svstat", "multilog"]
RAM = ["dev", "proc", "sys", "run", "tmp", "service", "var/volatile", "var/lock"]  # empty at each boot


def why_not():
    """Why there can be no such machine here; nothing if there can."""
    if os.geteuid() != 0:
        return "needs to be root: it makes mounts and a root of its own"
    missing = [tool for tool in ["busybox", "unshare", "nsenter", "ldd", "strip", *DAEMONTOOLS] if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)} (script/bootstrap test installs them)"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True,
                      check=False).returncode != 0:
        return "may not mount here (a container without CAP_SYS_ADMIN)"
    return None


def libraries_of(program):
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


@functools.cache
def program():
    """bmsd, without what only debuggers read: it is copied often."""
    static = os.environ.get("BMSD_STATIC_BINARY")
    stripped = pathlib.Path(tempfile.mkdtemp(prefix="bmsd-")) / "bmsd"
    atexit.register(shutil.rmtree, stripped.parent)
    subprocess.run(["strip", "-o", stripped, static or BMSD], check=True)
    return stripped


def make_image(folder, version="v3.60"):
    """The root file system of a firmware."""
    for name in ["bin", "sbin", "usr/bin", "usr/sbin", "data", "etc/venus", "etc/udev/rules.d", "opt/victronenergy/service",
                 "opt/victronenergy/service-templates", "opt/victronenergy/serial-starter", "var", *RAM]:
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "var/lock")
    for link, target in {"var/run": "/run", "var/lock": "/run/lock", "var/log": "/data/log", "var/tmp": "/tmp", "var/lib": "/data/var/lib"}.items():
        (folder / link).symlink_to(target)
    shutil.copy2(shutil.which("busybox"), folder / "bin/busybox")
    for applet in subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet not in ("busybox", "sh", "svc", "svok"):
            (folder / "bin" / applet).symlink_to("busybox")
    # Debian's busybox, as a shell, would take its own svc and svok for daemontools'. The other tests run its shell.
    shutil.copy2("/bin/dash", folder / "bin/sh")
    shutil.copy2("/bin/bash", folder / "bin/bash")
    programs = ["/bin/dash", "/bin/bash", *map(shutil.which, DAEMONTOOLS)]
    for tool in programs[2:]:
        shutil.copy2(tool, folder / "usr/bin")
    for library in {library for file in [*programs, program()] for library in libraries_of(file)}:
        target = folder / library[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy2(os.path.realpath(library), target)
    (folder / "opt/victronenergy/version").write_text(f"{version}\nVenus OS\n20260101000000\n")
    (folder / "etc/venus/machine").write_text("einstein\n")
    (folder / "etc/venus/serial-starter.conf").write_text(
        "service vedirect vedirect-interface\nservice gps gps-dbus\nservice cgwacs dbus-cgwacs\n"
        "alias default gps:vedirect\nalias rs485 cgwacs:fzsonick:imt:modbus\ninclude /data/conf/serial-starter.d/*.conf\n")
    (folder / "etc/udev/rules.d/serial-starter.rules").write_text('ACTION=="add", SUBSYSTEM=="tty", SYMLINK+="serial-starter/%k"\n')
    for name, target in {"init": "sbin/init", "udevadm": "sbin/udevadm", "serial-starter": "opt/victronenergy/serial-starter/serial-starter.sh",
                         "run-service.sh": "opt/victronenergy/serial-starter/run-service.sh",
                         "stop-tty.sh": "opt/victronenergy/serial-starter/stop-tty.sh"}.items():
        shutil.copy(PARTS / name, folder / target)
        (folder / target).chmod(0o755)
    service = folder / "opt/victronenergy/service/serial-starter"
    service.mkdir()
    (service / "run").write_text("#!/bin/sh\nexec 2>&1\nexec /opt/victronenergy/serial-starter/serial-starter.sh\n")
    (service / "run").chmod(0o755)
    return folder


def unpack_package(data):
    """What the tarball unpacks over /data."""
    shutil.copytree(PACKAGE / "apps", data / "apps", dirs_exist_ok=True)
    shutil.copy2(program(), data / "apps/bmsd/bmsd.amd64")


def make_archive(file):
    """venus-data.tar.gz, as package/venus/README.md wants it."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(file, "w:gz") as archive:
        unpack_package(pathlib.Path(folder))
        archive.add(PACKAGE / "rc", "rc")
        archive.add(f"{folder}/apps", "apps")
    return file


def snapshot(folder, without=()):
    """Everything below a folder: path -> mode and content. Two that are equal are byte for byte the same."""
    found = {}

    def add(name):
        if name in without:
            return
        path = folder / name
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found[name] = (oct(mode), os.readlink(path))
        elif stat.S_ISDIR(mode):
            found[name] = (oct(mode), None)
            for below in os.listdir(path):
                add(f"{name}/{below}")
        else:
            found[name] = (oct(mode), path.read_bytes() if stat.S_ISREG(mode) else None)

    for name in os.listdir(folder):
        add(name)
    return found


def differences(before, after):
    """Readable: what came, went and changed."""
    return ([f"came: {name}" for name in sorted(after.keys() - before.keys())]
            + [f"went: {name}" for name in sorted(before.keys() - after.keys())]
            + [f"changed: {name}" for name in sorted(before.keys() & after.keys()) if before[name] != after[name]])


class Machine:
    def __init__(self, folder, image, bus_socket, ports):
        """`ports`: name in /dev -> the pseudo-terminal that it is."""
        self.folder, self.image, self.bus_socket, self.ports = folder, image, bus_socket, ports
        self.data = folder / "data"
        self.data.mkdir()
        for name in ["log", "var/lib/serial-starter", "conf"]:
            (self.data / name).mkdir(parents=True)
        self._process = self._pid = None

    def boot(self, stick=None):
        """The same machine again, or, with another image, after a firmware update. `stick`: an archive that is plugged in."""
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        mounts = [f"mount -t tmpfs none {root}", f"cp -a {self.image}/. {root}", f"mount --bind {self.data} {root}/data",
                  f"mount -t proc none {root}/proc", f"mount -t tmpfs none {root}/run", f"mount -t tmpfs none {root}/tmp",
                  f"mount -t tmpfs none {root}/service", f"mount -t tmpfs none {root}/var/volatile", f"mount -t tmpfs none {root}/sys",
                  f"mount -t tmpfs none {root}/dev", f"mkdir {root}/dev/pts", f"mount --bind /dev/pts {root}/dev/pts",
                  f"mkdir -p {root}/run/dbus {root}/run/lock/serial-starter {root}/dev/serial-starter {root}/run/udev-properties",
                  f"touch {root}/run/dbus/system_bus_socket", f"mount --bind {self.bus_socket} {root}/run/dbus/system_bus_socket"]
        for device in ["null", "zero", "urandom", "random"]:
            mounts += [f"touch {root}/dev/{device}", f"mount --bind /dev/{device} {root}/dev/{device}"]
        for number, (name, pty) in enumerate(self.ports.items(), 1):
            # A bind mount and no link: the name of the port is the name of the device.
            mounts += [f"touch {root}/dev/{name}", f"mount --bind {os.path.realpath(pty)} {root}/dev/{name}"]
            mounts += self._adapter(root, name, number)
        if stick is not None:
            mounts += [f"mkdir {root}/run/media", f"cp {stick} {root}/run/media/venus-data.tar.gz"]
        mounts += [f"mount -o remount,ro {root}", f"exec chroot {root} /sbin/init"]
        log = open(self.folder / "machine.log", "ab")
        self._process = subprocess.Popen(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", "\n".join(mounts)],
                                         stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self._pid = int(wait_until(lambda: children.read_text().split(), what="the machine")[0])
        wait_until(lambda: self.path("run/booted").exists() or self._process.poll() is not None, what="the end of the boot")
        assert self._process.poll() is None, self.log()

    @staticmethod
    def _adapter(root, name, number):
        """What the kernel and udev know of a USB adapter with a serial number."""
        device = f"{root}/sys/devices/usb1/1-1/1-1.{number}"
        port = f"{device}/1-1.{number}:1.0/{name}"
        return [f"mkdir -p {port}/tty/{name} {root}/sys/class/tty", f"echo 0403 >{device}/idVendor", f"echo A5000{number} >{device}/serial",
                f"ln -s /sys/devices/usb1/1-1/1-1.{number}/1-1.{number}:1.0/{name} {port}/tty/{name}/device",
                f"ln -s /sys/devices/usb1/1-1/1-1.{number}/1-1.{number}:1.0/{name}/tty/{name} {root}/sys/class/tty/{name}",
                f"printf 'ID_BUS=usb\\nID_SERIAL_SHORT=A5000{number}\\nID_PATH=platform-usb-0:1.{number}:1.0\\n' >{root}/run/udev-properties/{name}",
                f"touch {root}/dev/serial-starter/{name}"]

    def power_off(self):
        if self._process is not None:
            self._process.kill()  # and with it, as --kill-child says, everything that runs in it
            self._process.wait()
            self._process = None
            wait_until(lambda: not os.path.exists(f"/proc/{self._pid}"), what="the end of the machine")

    def path(self, name):
        return pathlib.Path(f"/proc/{self._pid}/root") / name

    def log(self):
        return (self.folder / "machine.log").read_text()

    def run(self, *command, check=True):
        done = subprocess.run(["nsenter", "-t", str(self._pid), "--mount", "--pid", "--root", "--wd", "/bin/busybox", "env", "-i",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *map(str, command)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=PATIENCE * 2, check=False)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.log()}"
        return done

    def setup(self, *arguments, check=True):
        return self.run("/data/apps/bmsd/bmsd-setup", *arguments, check=check)

    def root_snapshot(self):
        return snapshot(self.path("."), [*RAM, "data"])

    def root_is_readonly(self):
        return bool(re.search(r"^\S+ / \S+ ro\b", self.run("cat", "/proc/mounts").stdout, re.MULTILINE))
