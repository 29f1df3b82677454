#!/usr/bin/env python3
"""Another device on the bus ADDRESS, as a shunt is: the service NAME with the items of ITEMS, a JSON object of path -> value.

    device_service.py ADDRESS NAME ITEMS

Prints "ready" when it has its name. Each line on standard input is such an object, too, and becomes one ItemsChanged; null is an
invalid value. "silent" makes it answer nothing any more, "quit" leaves the bus.
"""

import json
import sys

import dbus
import dbus.bus
import dbus.lowlevel
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

ITEM = "com.victronenergy.BusItem"


def variant(value):
    if value is None:
        return dbus.Array([], signature="i", variant_level=1)
    return {int: dbus.Int32, float: dbus.Double, str: dbus.String}[type(value)](value, variant_level=1)


class Device(dbus.service.FallbackObject):
    def __init__(self, bus, items):
        self.bus, self.items, self.silent = bus, items, False
        super().__init__(bus, "/")

    @dbus.service.method(ITEM, out_signature="v", path_keyword="at", async_callbacks=("reply", "error"))
    def GetValue(self, at=None, reply=None, error=None):
        if self.silent:
            return
        if at in self.items:
            reply(variant(self.items[at]))
        else:
            error(dbus.DBusException(f"no {at}", name="org.freedesktop.DBus.Error.UnknownObject"))

    def change(self, items):
        self.items.update(items)
        signal = dbus.lowlevel.SignalMessage("/", ITEM, "ItemsChanged")
        signal.append({path: {"Value": variant(value), "Text": dbus.String(value, variant_level=1)} for path, value in items.items()},
                      signature="a{sa{sv}}")
        self.bus.send_message(signal)


def main():
    address, name, items = sys.argv[1:]
    bus = dbus.bus.BusConnection(address, mainloop=DBusGMainLoop())
    device = Device(bus, json.loads(items))
    owned = dbus.service.BusName(name, bus, do_not_queue=True)
    loop = GLib.MainLoop()

    def said(source, _):
        line = source.readline().strip()
        if line in ("", "quit"):
            loop.quit()
            return False
        if line == "silent":
            device.silent = True
        else:
            device.change(json.loads(line))
        return True

    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, said)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, 15, loop.quit)
    print("ready", flush=True)
    loop.run()
    del owned, device


if __name__ == "__main__":
    main()
