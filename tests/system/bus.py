"""A client on the tests' private D-Bus: calls services and keeps a record of everything that they publish."""

import collections
import time

import dbus
import dbus.bus
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

from processes import PATIENCE

ITEM = "com.victronenergy.BusItem"
PREFIX = "com.victronenergy.battery."

# One value of one path in one signal. `service`: well-known name; `at`: seconds, monotonic.
Change = collections.namedtuple("Change", "at service path value text")


def kind(value):
    """The D-Bus type of a received value: i, d, s, ai, au, ..."""
    if isinstance(value, dbus.Array):
        return "a" + str(value.signature)
    types = {dbus.Int32: "i", dbus.Double: "d", dbus.String: "s", dbus.UInt32: "u", dbus.Int64: "x", dbus.Boolean: "b",
             dbus.Byte: "y", dbus.Int16: "n", dbus.UInt16: "q", dbus.UInt64: "t"}
    return types[type(value)]


def plain(value):
    """As Python has it; None for "invalid", which is the empty array of int32."""
    if isinstance(value, dbus.Array):
        return None if kind(value) == "ai" and not value else [plain(element) for element in value]
    if isinstance(value, dbus.Double):
        return float(value)
    if isinstance(value, (dbus.String, dbus.ObjectPath)):
        return str(value)
    return int(value)


class Bus:
    def __init__(self, address):
        self.address = address
        self.changes = []          # every Change, in order
        self.signals = []          # (at, service, paths of one ItemsChanged)
        self.departed = []         # names that left
        self.owners = []           # (at, name, old, new) of every well-known name; old or new may be empty
        self._names = {}           # unique name -> well-known name
        self._connection = dbus.bus.BusConnection(address, mainloop=DBusGMainLoop())
        self._connection.set_exit_on_disconnect(False)
        self._connection.add_signal_receiver(self._owner_changed, "NameOwnerChanged", dbus.BUS_DAEMON_IFACE,
                                             dbus.BUS_DAEMON_NAME)
        self._connection.add_signal_receiver(self._items_changed, "ItemsChanged", ITEM, sender_keyword="sender")
        self._connection.add_signal_receiver(self._properties_changed, "PropertiesChanged", ITEM, sender_keyword="sender",
                                             path_keyword="path")
        for name in self._connection.list_names():
            if not name.startswith(":"):
                self._names[self._connection.get_name_owner(name)] = str(name)
        self._tick = GLib.timeout_add(10, lambda: True)  # so that wait() looks at its condition now and then

    def close(self):
        GLib.source_remove(self._tick)
        self._connection.close()

    # Waiting: signals are taken in here, so a test that wants their times waits here and nowhere else.
    def wait(self, condition, timeout=PATIENCE, what="what was waited for"):
        end = time.monotonic() + timeout
        while True:
            result = condition()
            if result:
                return result
            assert time.monotonic() < end, f"{what}: not within {timeout} s; names: {self.names()}"
            GLib.MainContext.default().iteration(True)

    def run_for(self, seconds):
        """Takes signals in for a while: for what must *not* be published."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            GLib.MainContext.default().iteration(True)

    def names(self):
        """The battery services that are on the bus."""
        return sorted(name for name in self._names.values() if name.startswith(PREFIX))

    def wait_for_name(self, name, timeout=PATIENCE):
        self.wait(lambda: name in self._names.values(), timeout, name)
        return Service(self, name)

    def wait_until_gone(self, name, timeout=PATIENCE):
        self.wait(lambda: name not in self._names.values(), timeout, f"{name} leaves")

    def wait_for_value(self, service, path, accept, timeout=PATIENCE):
        """Until a signal of `service` (or GetValue, at first) gives `path` a value that `accept` accepts."""
        value = service.value(path)
        start = len(self.changes)
        if accept(value):
            return value

        def changed():
            return next((c for c in self.changes[start:] if (c.service, c.path) == (service.name, path) and accept(c.value)), None)

        return self.wait(changed, timeout, f"{service.name}{path}, which was {value},").value

    def values_of(self, service, path):
        """All values that `service` published for `path`, in order."""
        return [change.value for change in self.changes if (change.service, change.path) == (service.name, path)]

    def call(self, name, path, interface, method, signature="", *arguments):
        return self._connection.call_blocking(name, path, interface, method, signature, arguments, timeout=PATIENCE)

    def _owner_changed(self, name, old, new):
        if name.startswith(":"):
            return
        self.owners.append((time.monotonic(), str(name), str(old), str(new)))
        if old:
            self._names.pop(str(old), None)
        if not new:
            self.departed.append(str(name))
        if new:
            self._names[str(new)] = str(name)

    def _items_changed(self, items, sender):
        service = self._names.get(str(sender), str(sender))
        self.signals.append((time.monotonic(), service, [str(path) for path in items]))
        for path, item in items.items():
            self.changes.append(Change(time.monotonic(), service, str(path), plain(item["Value"]), str(item["Text"])))

    def _properties_changed(self, item, sender, path):
        service = self._names.get(str(sender), str(sender))
        self.changes.append(Change(time.monotonic(), service, str(path), plain(item["Value"]), str(item["Text"])))


class Service:
    """One battery on the bus."""

    def __init__(self, bus, name):
        self.bus, self.name = bus, name

    def call(self, path, method, signature="", *arguments):
        return self.bus.call(self.name, path, ITEM, method, signature, *arguments)

    def items(self):
        """path -> (D-Bus type, value, text), as GetItems gives them."""
        return {str(path): (kind(item["Value"]), plain(item["Value"]), str(item["Text"]))
                for path, item in self.call("/", "GetItems").items()}

    def value(self, path):
        return plain(self.call(path, "GetValue"))

    def text(self, path):
        return str(self.call(path, "GetText"))

    def set(self, path, value):
        """0 accepted, 1 read-only or not convertible, 2 refused."""
        return int(self.call(path, "SetValue", "v", value))

    def introspect(self, path="/"):
        return str(self.bus.call(self.name, path, "org.freedesktop.DBus.Introspectable", "Introspect"))
