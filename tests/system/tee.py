"""A line with three ends: a master, the packs, and somebody whose adapter hears both and must never speak."""

import os
import select
import termios
import threading
import tty


def _raw(descriptor, baud=None):
    tty.setraw(descriptor)
    if baud is not None:
        settings = termios.tcgetattr(descriptor)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)


class Tee:
    """.master and .listener are ports for two programs; what the packs at `packs` (a port) say goes to both."""

    def __init__(self, packs, baud):
        self._packs = os.open(packs, os.O_RDWR | os.O_NOCTTY)
        _raw(self._packs, baud)
        self._ends, self._slaves = {}, []
        for name in ("master", "listener"):
            end, slave = os.openpty()
            _raw(slave, baud)
            self._ends[name] = end
            self._slaves.append(slave)  # held open, so that a program may come later
            setattr(self, name, os.ttyname(slave))
        self.from_listener = b""  # every byte that it has ever sent
        self.from_master = b""
        self._stop_read, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        master, listener = self._ends["master"], self._ends["listener"]
        while True:
            ready, _, _ = select.select([self._packs, master, listener, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            if listener in ready:
                self.from_listener += os.read(listener, 4096)
            if master in ready:
                asked = os.read(master, 4096)
                self.from_master += asked
                os.write(listener, asked)
                os.write(self._packs, asked)
            if self._packs in ready:
                said = os.read(self._packs, 4096)
                os.write(listener, said)
                os.write(master, said)

    def close(self):
        os.write(self._stop, b"x")
        self._thread.join(10)
        for descriptor in (self._packs, *self._ends.values(), *self._slaves, self._stop, self._stop_read):
            os.close(descriptor)
