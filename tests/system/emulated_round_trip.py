"""A bmsd that runs under qemu-user reads simulated packs and publishes them on a real D-Bus (script/try-arm):

  emulated_round_trip.py NATIVE_BMSD EMULATED_BMSD [PACKS]

At the end it prints how much memory of the emulated program is resident, without qemu's own. qemu-user 7.2 does not know termios2, which serial ports are set up with. So the packs are on a pseudo-terminal of the native program, and
the emulated one reaches them over TCP, as over a gateway.
"""

import contextlib
import os
import pathlib
import re
import select
import socket
import sys
import tempfile
import termios
import threading
import tty

from bus import Bus
from conftest import DBUS_CONFIG
from processes import Process

GUEST = 1 << 32  # bytes of address space that qemu sets aside for the program (qemu -R), or its own for 32 bits


def raw(port):
    """The pseudo-terminal of the simulator, at the speed of its packs."""
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    attributes = termios.tcgetattr(fd)
    attributes[4] = attributes[5] = termios.B19200
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return fd


def bridge(port):
    """A TCP gateway to a serial port; returns where it listens."""
    serial = raw(port)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _ = listener.accept()
        with contextlib.suppress(OSError):  # one of them has gone
            while True:
                for ready in select.select([serial, client], [], [])[0]:
                    data = os.read(serial, 4096) if ready == serial else client.recv(4096)
                    if not data:
                        return
                    if ready == serial:
                        client.sendall(data)
                    else:
                        os.write(serial, data)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def resident(pid, program):
    """Bytes of the program's memory that are in RAM: under qemu what lies in the address space of the guest, else all of it."""
    if os.path.samefile(f"/proc/{pid}/exe", program):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024
    base, total, inside = None, 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if region := re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ (\S+) \S+ \S+ *(.*)", line):
            start = int(region.group(1), 16)
            if base is None and os.path.basename(region.group(4)) == "bmsd" and os.path.samefile(region.group(4), program):
                base = start & ~0xFFFFFF
            inside = base is not None and base <= start < base + GUEST
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total


def round_trip(native, emulated, packs, folder):
    started, addresses = [], range(1, packs + 1)

    def start(*command):
        started.append(Process(*command))
        return started[-1]

    try:
        config = folder / "dbus.conf"
        config.write_text(DBUS_CONFIG.format(socket=folder / "bus"))
        daemon = start("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--nosyslog", "--print-address")
        bus = Bus(daemon.wait_for_line(r"^unix:\S+").group())
        start(native, "simulate", "daren-485", "--packs", packs, "--link", folder / "ttySIM0").wait_for_line("listening on")
        port = bridge(folder / "ttySIM0")
        program = start(emulated, "run", "--bus", bus.address, "--protocol", "daren-485", "--address", ",".join(map(hex, addresses)),
                        "--config", os.devnull, "--state", folder / "state", "--socket", folder / "control", f"tcp://127.0.0.1:{port}")
        for address in addresses:
            name = f"com.victronenergy.battery.tcp_127_0_0_1_{port}__0x{address:02x}"
            bus.wait_for_name(name)
            items = bus.call(name, "/", "com.victronenergy.BusItem", "GetItems")
            values = {path: items[path]["Value"] for path in ("/Dc/0/Voltage", "/Soc", "/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent")}
            assert 48 < values["/Dc/0/Voltage"] < 58 and 0 < values["/Soc"] <= 100 and values["/Info/MaxChargeVoltage"] > 50, values
            print(name, {path: float(value) for path, value in values.items()})
            assert bus.call(name, "/CustomName", "com.victronenergy.BusItem", "SetValue", "v", f"Shelf {address}") == 0
            assert bus.call(name, "/CustomName", "com.victronenergy.BusItem", "GetValue") == f"Shelf {address}"
        bus.run_for(10)
        maps = pathlib.Path(f"/proc/{program.pid}/maps").read_text()
        binary = next(path for path in re.findall(r"(/\S+)$", maps, re.MULTILINE) if os.path.basename(path) == "bmsd")
        print(f"{packs} packs: {resident(program.pid, binary) / 1e6:.1f} MB resident")
        bus.close()
    finally:
        for process in reversed(started):
            process.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bmsd-") as name:
        round_trip(*sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) > 3 else 2, pathlib.Path(name))
