// Messages of D-Bus from the bytes of an input: what another program may put together, as libdbus lets it through. Shapes come
// from a list of signatures, so that the right ones are met often; variants hold any of them.
#pragma once

#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string>

#include "fuzz_input.h"
#include "venus/message.h"

namespace bmsd {

inline constexpr std::array<const char*, 24> kShapes = {
    "a{sv}", "a{sa{sv}}", "v", "i",  "d",  "s",  "u",  "x",      "t",     "b",    "y",   "n",
    "q",     "o",         "g", "ai", "au", "ad", "as", "aa{sv}", "a{is}", "(is)", "aas", "av"};

class BusMessageMaker {
 public:
  // `texts`: what texts and keys are apart from any ones.
  BusMessageMaker(FuzzInput& input, std::span<const char* const> texts) : input_(input), texts_(texts) {}

  // A value of the shape, behind what the message has already.
  void append(DBusMessage& message, const char* shape) {
    DBusMessageIter iter;
    dbus_message_iter_init_append(&message, &iter);
    fill(iter, shape, 0);
  }

 private:
  static constexpr int kDeepest = 12;

  // The first complete type of a signature.
  static std::string first_type(const char* signature) {
    DBusSignatureIter iter;
    dbus_signature_iter_init(&iter, signature);
    char* type = dbus_signature_iter_get_signature(&iter);
    std::string text = type;
    dbus_free(type);
    return text;
  }

  void fill(DBusMessageIter& iter, const std::string& type, int depth) {
    DBusMessageIter inner;
    switch (type.front()) {
      case 'v': {
        const char* shape = depth < kDeepest ? kShapes[input_.below(kShapes.size())] : "i";
        dbus_message_iter_open_container(&iter, DBUS_TYPE_VARIANT, shape, &inner);
        fill(inner, shape, depth + 1);
        dbus_message_iter_close_container(&iter, &inner);
        return;
      }
      case 'a': {
        const std::string element = first_type(type.c_str() + 1);
        dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, element.c_str(), &inner);
        for (std::size_t left = input_.below(depth < 2 ? 12 : 4); left > 0; --left) fill(inner, element, depth + 1);
        dbus_message_iter_close_container(&iter, &inner);
        return;
      }
      case '{':
      case '(': {
        const int container = type.front() == '{' ? DBUS_TYPE_DICT_ENTRY : DBUS_TYPE_STRUCT;
        dbus_message_iter_open_container(&iter, container, nullptr, &inner);
        for (std::size_t at = 1; at + 1 < type.size();) {
          const std::string member = first_type(type.substr(at, type.size() - 1 - at).c_str());
          fill(inner, member, depth + 1);
          at += member.size();
        }
        dbus_message_iter_close_container(&iter, &inner);
        return;
      }
      default:
        return basic(iter, type.front());
    }
  }

  void basic(DBusMessageIter& iter, int type) {
    if (type == DBUS_TYPE_STRING || type == DBUS_TYPE_OBJECT_PATH || type == DBUS_TYPE_SIGNATURE) {
      std::string said = text();
      if (type == DBUS_TYPE_OBJECT_PATH && !dbus_validate_path(said.c_str(), nullptr)) said = "/";
      if (type == DBUS_TYPE_SIGNATURE && !dbus_signature_validate(said.c_str(), nullptr)) said = "ai";
      const char* pointer = said.c_str();
      dbus_message_iter_append_basic(&iter, type, &pointer);
      return;
    }
    DBusBasicValue value{};
    const Bytes raw = number();
    if (!raw.empty()) std::memcpy(&value, raw.data(), raw.size());
    if (type == DBUS_TYPE_BOOLEAN) value.bool_val = value.bool_val & 1U;
    dbus_message_iter_append_basic(&iter, type, &value);
  }

  // Small ones, the ends of what types hold, and any.
  Bytes number() {
    const std::uint8_t kind = input_.byte();
    if (kind < 0x40) {
      small_ = {};
      small_[0] = kind;
      return small_;
    }
    if (kind < 0x60) {
      small_.fill((kind & 1) != 0 ? 0xFF : 0);
      small_[(kind >> 1) % 8] = (kind & 1) != 0 ? 0x7F : 0x80;
      return small_;
    }
    return input_.bytes(8);
  }

  std::string text() {
    const std::uint8_t kind = input_.byte();
    if (kind < 0x80) return texts_[kind % texts_.size()];
    return valid_utf8(as_text(input_.bytes(kind & 0x3F)));
  }

  FuzzInput& input_;
  std::span<const char* const> texts_;
  std::array<std::uint8_t, 8> small_{};
};

}  // namespace bmsd
