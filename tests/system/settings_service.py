#!/usr/bin/env python3
"""A settings service as Venus OS has it: com.victronenergy.settings on the bus ADDRESS, kept in FILE.

    settings_service.py ADDRESS FILE

Prints "ready" when it has its name. FILE is JSON: path -> {"type", "value", "default", "min", "max"}.
"""

import json
import os
import pathlib
import re
import sys

import dbus
import dbus.bus
import dbus.lowlevel
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "com.victronenergy.settings"
SETTINGS = "com.victronenergy.Settings"
ITEM = "com.victronenergy.BusItem"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"

# What AddSettings answers.
UNDERSCORE, TYPE_UNKNOWN, BAD_PATH, TYPE_DIFFERS, BAD_DEFAULT, OUT_OF_RANGE, IS_GROUP, OUTSIDE = -2, -3, -4, -5, -6, -7, -8, -9

CLASS_AND_INSTANCE = re.compile(r"/Settings/Devices/[^/]+/ClassAndVrmInstance")


class Refused(Exception):
    """A setting that cannot be; the argument is the number for the caller."""


def type_of(value):
    if isinstance(value, (dbus.Int32, dbus.Int64, dbus.UInt32, dbus.Int16, dbus.UInt16, dbus.Byte)):
        return "i"
    if isinstance(value, dbus.Double):
        return "d"
    if isinstance(value, dbus.String):
        return "s"
    raise Refused(TYPE_UNKNOWN)


def converted(value, kind):
    """The value as a setting of that type keeps it; ValueError or TypeError if it cannot be."""
    return {"i": int, "d": float, "s": str}[kind](value)


class Store:
    """The settings, without a bus."""

    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.settings = json.loads(self.file.read_text()) if self.file.exists() else {}

    def save(self):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(self.settings, indent=1, sort_keys=True))
        os.replace(fresh, self.file)

    def is_group(self, path):
        prefix = path.rstrip("/") + "/"
        return path in ("/", "/Settings", "/Settings/Devices") or any(other.startswith(prefix) for other in self.settings)

    def below(self, path):
        prefix = path.rstrip("/") + "/"
        return {other[len(prefix):]: setting for other, setting in self.settings.items() if other.startswith(prefix)}

    def free_instance(self, path, wanted):
        """`wanted` ("battery:1"), or the next number of its class that no other device has."""
        name, _, number = wanted.partition(":")
        if not name or not number.isdigit():
            raise Refused(BAD_DEFAULT)
        taken = {setting["value"] for other, setting in self.settings.items()
                 if other != path and CLASS_AND_INSTANCE.fullmatch(other)}
        number = int(number)
        while f"{name}:{number}" in taken:
            number += 1
        return f"{name}:{number}"

    def add(self, path, default, least, most):
        if not re.fullmatch(r"(/[A-Za-z0-9_]+)+", path):
            raise Refused(BAD_PATH)
        if not path.startswith("/Settings/"):
            raise Refused(OUTSIDE)
        if any(element.startswith("_") for element in path.split("/")):
            raise Refused(UNDERSCORE)
        if self.is_group(path):
            raise Refused(IS_GROUP)
        kind = type_of(default)
        if path in self.settings:
            if self.settings[path]["type"] != kind:
                raise Refused(TYPE_DIFFERS)
            return self.settings[path]
        value = converted(default, kind)
        if (least, most) != (0, 0) and not least <= value <= most:
            raise Refused(OUT_OF_RANGE)
        if CLASS_AND_INSTANCE.fullmatch(path):
            value = self.free_instance(path, value)
        self.settings[path] = {"type": kind, "value": value, "default": converted(default, kind), "min": least, "max": most}
        return self.settings[path]

    def set(self, path, value):
        """What the setting is then."""
        setting = self.settings[path]
        try:
            value = converted(value, setting["type"])
        except (TypeError, ValueError):
            raise Refused(-1) from None
        if (setting["min"], setting["max"]) != (0, 0) and not setting["min"] <= value <= setting["max"]:
            raise Refused(-1)
        if CLASS_AND_INSTANCE.fullmatch(path):
            value = self.free_instance(path, value)
        setting["value"] = value
        return value


def variant(setting):
    if setting["type"] == "i":
        return (dbus.Int32 if abs(setting["value"]) < 2**31 else dbus.Int64)(setting["value"], variant_level=1)
    return {"d": dbus.Double, "s": dbus.String}[setting["type"]](setting["value"], variant_level=1)


class Service(dbus.service.FallbackObject):
    def __init__(self, bus, store):
        self.bus, self.store = bus, store
        super().__init__(bus, "/")

    @dbus.service.method(SETTINGS, in_signature="aa{sv}", out_signature="aa{sv}", path_keyword="at")
    def AddSettings(self, settings, at=None):
        answers = []
        for wanted in settings:
            path = str(wanted.get("path", ""))
            full = path if at == "/" else at.rstrip("/") + "/" + path.lstrip("/")
            answer = {"path": dbus.String(path), "error": dbus.Int32(0)}
            try:
                setting = self.store.add(full, wanted["default"], float(wanted.get("min", 0)), float(wanted.get("max", 0)))
                answer["value"] = variant(setting)
            except KeyError:
                answer["error"] = dbus.Int32(BAD_DEFAULT)
            except Refused as refused:
                answer["error"] = dbus.Int32(refused.args[0])
            answers.append(dbus.Dictionary(answer, signature="sv"))
        self.store.save()
        return dbus.Array(answers, signature="a{sv}")

    @dbus.service.method(SETTINGS, in_signature="as", out_signature="ai", path_keyword="at")
    def RemoveSettings(self, names, at=None):
        removed = [self.store.settings.pop(at.rstrip("/") + "/" + str(name).lstrip("/"), None) for name in names]
        self.store.save()
        return dbus.Array([0 if setting else -1 for setting in removed], signature="i")

    @dbus.service.method(ITEM, out_signature="v", path_keyword="at")
    def GetValue(self, at=None):
        if at in self.store.settings:
            return variant(self.store.settings[at])
        self.must_be_group(at)
        return dbus.Dictionary({name: variant(setting) for name, setting in self.store.below(at).items()}, signature="sv",
                               variant_level=1)

    @dbus.service.method(ITEM, out_signature="v", path_keyword="at")
    def GetText(self, at=None):
        if at in self.store.settings:
            return dbus.String(self.store.settings[at]["value"], variant_level=1)
        self.must_be_group(at)
        return dbus.Dictionary({name: dbus.String(setting["value"]) for name, setting in self.store.below(at).items()},
                               signature="sv", variant_level=1)

    @dbus.service.method(ITEM, in_signature="v", out_signature="i", path_keyword="at")
    def SetValue(self, value, at=None):
        if at not in self.store.settings:
            return -1
        before = self.store.settings[at]["value"]
        try:
            after = self.store.set(at, value)
        except Refused:
            return -1
        if after != before:
            self.store.save()
            self.announce(at)
        return 0

    def announce(self, path):
        """PropertiesChanged from the setting's own path; the library can only send it from the exported one."""
        setting = self.store.settings[path]
        signal = dbus.lowlevel.SignalMessage(path, ITEM, "PropertiesChanged")
        signal.append({"Value": variant(setting), "Text": dbus.String(setting["value"]), "Min": dbus.Double(setting["min"]),
                       "Max": dbus.Double(setting["max"])}, signature="a{sv}")
        self.bus.send_message(signal)

    def must_be_group(self, at):
        if not self.store.is_group(at):
            raise dbus.DBusException(f"no setting and no group: {at}", name=UNKNOWN_OBJECT)


def main():
    address, file = sys.argv[1:]
    bus = dbus.bus.BusConnection(address, mainloop=DBusGMainLoop())
    service = Service(bus, Store(file))
    name = dbus.service.BusName(NAME, bus, do_not_queue=True)
    print("ready", flush=True)
    loop = GLib.MainLoop()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, 15, loop.quit)
    loop.run()
    del name, service


if __name__ == "__main__":
    main()
