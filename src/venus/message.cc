#include "venus/message.h"

#include <cstdlib>
#include <limits>

namespace bmsd {
namespace {

void need_memory(bool got) {
  if (!got) std::abort();  // no exception: libdbus may be below us on the stack
}

// Steps into the variants around a value.
void unwrap(DBusMessageIter& iter) {
  while (dbus_message_iter_get_arg_type(&iter) == DBUS_TYPE_VARIANT) {
    DBusMessageIter inner;
    dbus_message_iter_recurse(&iter, &inner);
    iter = inner;
  }
}

// The elements of an array whose basic type is stored as a T.
template <typename T>
std::vector<T> read_elements(DBusMessageIter& inner) {
  std::vector<T> list;
  for (; dbus_message_iter_get_arg_type(&inner) != DBUS_TYPE_INVALID; dbus_message_iter_next(&inner)) {
    dbus_message_iter_get_basic(&inner, &list.emplace_back());
  }
  return list;
}

std::optional<BusValue> read_array(DBusMessageIter& iter) {
  const int element = dbus_message_iter_get_element_type(&iter);
  DBusMessageIter inner;
  dbus_message_iter_recurse(&iter, &inner);
  if (element == DBUS_TYPE_UINT32) return read_elements<std::uint32_t>(inner);
  if (dbus_message_iter_get_arg_type(&inner) == DBUS_TYPE_INVALID && element != DBUS_TYPE_DICT_ENTRY) return BusValue{};
  if (element == DBUS_TYPE_INT32) return read_elements<std::int32_t>(inner);
  if (element == DBUS_TYPE_DOUBLE) return read_elements<double>(inner);
  if (element == DBUS_TYPE_STRING) {
    const auto texts = read_elements<const char*>(inner);
    return std::vector<std::string>(texts.begin(), texts.end());
  }
  return std::nullopt;
}

}  // namespace

MessagePtr adopt(DBusMessage* message) {
  need_memory(message != nullptr);
  return MessagePtr(message);
}
MessagePtr method_call(const char* destination, const std::string& path, const char* interface, const char* member) {
  MessagePtr call = adopt(dbus_message_new_method_call(destination, path.c_str(), interface, member));
  dbus_message_set_auto_start(call.get(), FALSE);
  return call;
}
MessagePtr signal(const char* path, const char* interface, const char* member) {
  return adopt(dbus_message_new_signal(path, interface, member));
}
MessagePtr reply_to(DBusMessage& call) { return adopt(dbus_message_new_method_return(&call)); }
MessagePtr error_reply(DBusMessage& call, const char* name, const std::string& text) {
  return adopt(dbus_message_new_error(&call, name, valid_utf8(text).c_str()));
}

void Writer::open(int type, const char* contents, Writer& inner) {
  need_memory(dbus_message_iter_open_container(&iter_, type, contents, &inner.iter_));
}
void Writer::close(Writer& inner) { need_memory(dbus_message_iter_close_container(&iter_, &inner.iter_)); }
void Writer::basic(int type, const void* value) { need_memory(dbus_message_iter_append_basic(&iter_, type, value)); }

void Writer::text(const std::string& text) {
  const char* pointer = text.c_str();
  basic(DBUS_TYPE_STRING, &pointer);
}
void Writer::int32(std::int32_t value) { basic(DBUS_TYPE_INT32, &value); }
void Writer::uint32(std::uint32_t value) { basic(DBUS_TYPE_UINT32, &value); }
void Writer::real(double value) { basic(DBUS_TYPE_DOUBLE, &value); }

void Writer::variant_text(const std::string& content) {
  container(DBUS_TYPE_VARIANT, "s", [&](Writer& writer) { writer.text(content); });
}

template <typename T, typename Write>
void Writer::list(const char* signature, const std::vector<T>& elements, Write write) {
  container(DBUS_TYPE_VARIANT, signature, [&](Writer& variant) {
    variant.container(DBUS_TYPE_ARRAY, signature + 1, [&](Writer& array) {
      for (const T& element : elements) write(array, element);
    });
  });
}

void Writer::variant(const BusValue& value) {
  if (const auto* i = std::get_if<std::int32_t>(&value)) {
    container(DBUS_TYPE_VARIANT, "i", [&](Writer& writer) { writer.int32(*i); });
  } else if (const auto* x = std::get_if<std::int64_t>(&value)) {
    container(DBUS_TYPE_VARIANT, "x", [&](Writer& writer) { writer.basic(DBUS_TYPE_INT64, x); });
  } else if (const auto* d = std::get_if<double>(&value)) {
    container(DBUS_TYPE_VARIANT, "d", [&](Writer& writer) { writer.real(*d); });
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    variant_text(*text);
  } else if (const auto* counts = std::get_if<std::vector<std::uint32_t>>(&value)) {
    list("au", *counts, [](Writer& array, std::uint32_t element) { array.uint32(element); });
  } else if (const auto* integers = std::get_if<std::vector<std::int32_t>>(&value)) {
    list("ai", *integers, [](Writer& array, std::int32_t element) { array.int32(element); });
  } else if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
    list("ad", *reals, [](Writer& array, double element) { array.real(element); });
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    list("as", *texts, [](Writer& array, const std::string& element) { array.text(element); });
  } else {
    list("ai", std::vector<std::int32_t>(), [](Writer&, std::int32_t) {});
  }
}

void write_item(Writer& writer, const Item& item) {
  writer.container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& dict) {
    dict.entry("Value", [&](Writer& entry) { entry.variant(item.value); });
    dict.entry("Text", [&](Writer& entry) { entry.variant_text(item.text); });
  });
}

std::optional<BusValue> read_value(DBusMessageIter iter) {
  unwrap(iter);
  DBusBasicValue basic;
  const int type = dbus_message_iter_get_arg_type(&iter);
  if (dbus_type_is_basic(type) && type != DBUS_TYPE_UNIX_FD) dbus_message_iter_get_basic(&iter, &basic);
  switch (type) {
    case DBUS_TYPE_BYTE:
      return integer_value(basic.byt);
    case DBUS_TYPE_BOOLEAN:
      return integer_value(basic.bool_val != 0 ? 1 : 0);
    case DBUS_TYPE_INT16:
      return integer_value(basic.i16);
    case DBUS_TYPE_UINT16:
      return integer_value(basic.u16);
    case DBUS_TYPE_INT32:
      return integer_value(basic.i32);
    case DBUS_TYPE_UINT32:
      return integer_value(basic.u32);
    case DBUS_TYPE_INT64:
      return integer_value(basic.i64);
    case DBUS_TYPE_UINT64:
      if (basic.u64 > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
      return integer_value(static_cast<std::int64_t>(basic.u64));
    case DBUS_TYPE_DOUBLE:
      return basic.dbl;
    case DBUS_TYPE_STRING:
    case DBUS_TYPE_OBJECT_PATH:
    case DBUS_TYPE_SIGNATURE:
      return std::string(basic.str);
    case DBUS_TYPE_ARRAY:
      return read_array(iter);
    default:
      return std::nullopt;
  }
}

std::optional<BusValue> first_value(DBusMessage& message) {
  DBusMessageIter iter;
  if (!dbus_message_iter_init(&message, &iter)) return std::nullopt;
  return read_value(iter);
}

namespace {

// Calls `each(key, at)` for the entries of the a{s?} at `iter`; `at`: their value. Without one for what is none.
template <typename Each>
void for_each_entry(DBusMessageIter iter, Each each) {
  if (dbus_message_iter_get_arg_type(&iter) != DBUS_TYPE_ARRAY ||
      dbus_message_iter_get_element_type(&iter) != DBUS_TYPE_DICT_ENTRY)
    return;
  DBusMessageIter array, entry;
  for (dbus_message_iter_recurse(&iter, &array); dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_DICT_ENTRY;
       dbus_message_iter_next(&array)) {
    dbus_message_iter_recurse(&array, &entry);
    if (dbus_message_iter_get_arg_type(&entry) != DBUS_TYPE_STRING) return;
    const char* key = nullptr;
    dbus_message_iter_get_basic(&entry, &key);
    dbus_message_iter_next(&entry);
    each(std::string_view(key), entry);
  }
}

}  // namespace

std::vector<std::pair<std::string, BusValue>> changed_values(DBusMessage& message) {
  std::vector<std::pair<std::string, BusValue>> values;
  const auto take = [&](std::string_view path, const DBusMessageIter& properties) {
    for_each_entry(properties, [&](std::string_view key, const DBusMessageIter& at) {
      if (key == "Value") values.emplace_back(path, read_value(at).value_or(BusValue()));
    });
  };
  DBusMessageIter iter;
  if (!dbus_message_iter_init(&message, &iter)) return values;
  if (dbus_message_is_signal(&message, kBusItem, "PropertiesChanged") && dbus_message_has_signature(&message, "a{sv}"))
    take(dbus_message_get_path(&message), iter);
  if (dbus_message_is_signal(&message, kBusItem, "ItemsChanged") && dbus_message_has_signature(&message, "a{sa{sv}}"))
    for_each_entry(iter, take);
  return values;
}

std::vector<std::pair<std::string, BusValue>> item_values(DBusMessage& reply) {
  std::vector<std::pair<std::string, BusValue>> values;
  DBusMessageIter iter;
  if (!dbus_message_has_signature(&reply, "a{sa{sv}}") || !dbus_message_iter_init(&reply, &iter)) return values;
  for_each_entry(iter, [&](std::string_view path, const DBusMessageIter& properties) {
    for (auto& [key, value] : read_dict(properties)) {
      if (key == "Value") values.emplace_back(path, std::move(value));
    }
  });
  return values;
}

std::vector<std::pair<std::string, BusValue>> read_dict(DBusMessageIter iter) {
  std::vector<std::pair<std::string, BusValue>> entries;
  unwrap(iter);
  for_each_entry(iter, [&](std::string_view key, const DBusMessageIter& at) {
    if (auto value = read_value(at)) entries.emplace_back(key, std::move(*value));
  });
  return entries;
}

}  // namespace bmsd
