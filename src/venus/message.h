// libdbus messages: ownership, and values in and out. Only for venus/*.cc and its tests.
#pragma once

#include <dbus/dbus.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "venus/item_tree.h"
#include "venus/value.h"

namespace bmsd {

inline constexpr const char* kBusItem = "com.victronenergy.BusItem";

struct UnrefMessage {
  void operator()(DBusMessage* message) const { dbus_message_unref(message); }
};
using MessagePtr = std::unique_ptr<DBusMessage, UnrefMessage>;

// Adopts a new reference; ends the process when libdbus is out of memory, as it does itself.
MessagePtr adopt(DBusMessage* message);
MessagePtr method_call(const char* destination, const std::string& path, const char* interface, const char* member);
MessagePtr signal(const char* path, const char* interface, const char* member);
MessagePtr reply_to(DBusMessage& call);
MessagePtr error_reply(DBusMessage& call, const char* name, const std::string& text);

// Appends to a message or to an open container. Texts must be valid UTF-8 (valid_utf8()).
class Writer {
 public:
  explicit Writer(DBusMessage& message) { dbus_message_iter_init_append(&message, &iter_); }

  void text(const std::string& text);
  void int32(std::int32_t value);
  void uint32(std::uint32_t value);
  void real(double value);
  void variant(const BusValue& value);
  void variant_text(const std::string& text);

  // Opens a container, lets `fill(Writer&)` write into it, closes it. `contents` as in libdbus: null for structs and
  // dict entries.
  template <typename Fill>
  void container(int type, const char* contents, Fill fill) {
    Writer inner;
    open(type, contents, inner);
    fill(inner);
    close(inner);
  }
  template <typename Fill>
  void entry(const std::string& key, Fill fill) {
    container(DBUS_TYPE_DICT_ENTRY, nullptr, [&](Writer& writer) {
      writer.text(key);
      fill(writer);
    });
  }

 private:
  Writer() = default;
  void open(int type, const char* contents, Writer& inner);
  void close(Writer& inner);
  void basic(int type, const void* value);
  template <typename T, typename Write>
  void list(const char* signature, const std::vector<T>& elements, Write write);
  DBusMessageIter iter_;
};

// {"Value": v, "Text": v of s} of an item.
void write_item(Writer& writer, const Item& item);

// Any number or text at `iter` (also within a variant); y b n q i u x t d s o g, and arrays of u i d s. An empty array is
// invalid, unless it is one of uint32. Nothing: a type that no item has.
std::optional<BusValue> read_value(DBusMessageIter iter);

// The first argument of a message; nothing if it has none or it is of another type.
std::optional<BusValue> first_value(DBusMessage& message);

// The values that a PropertiesChanged or ItemsChanged carries, by path; invalid: of a type that no item has. Nothing for
// what says no value, or is put together otherwise.
std::vector<std::pair<std::string, BusValue>> changed_values(DBusMessage& message);

// The values of a reply to GetItems, by path; what has an unreadable type is left out. Nothing for what is put together
// otherwise.
std::vector<std::pair<std::string, BusValue>> item_values(DBusMessage& reply);

// The entries of an a{sv} at `iter`, or in a variant at `iter`; what has an unreadable type is left out.
std::vector<std::pair<std::string, BusValue>> read_dict(DBusMessageIter iter);

}  // namespace bmsd
