#include "app/pin_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace bmsd {
namespace {

constexpr std::string_view kHead =
    "# Serial adapters that are kept for bmsd: written by `bmsd pin PORT`, shown by `bmsd pin --list`.\n";
constexpr std::string_view kMark = "# pin ";

// What stands in a rule is a pattern between quotation marks.
bool can_be_matched(std::string_view value) {
  const auto fits = [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("\"\\*?[]|{}$%").find(c) == std::string_view::npos;
  };
  return !value.empty() && std::all_of(value.begin(), value.end(), fits);
}

std::string rule(const Pin& pin) {
  const std::string match = fmt::format(R"(ACTION!="remove", SUBSYSTEM=="tty", ENV{{{}}}=="{}", )", pin.key, pin.value);
  if (!pin.service.empty()) return match + fmt::format("ENV{{VE_SERVICE}}=\"{}\"", pin.service);
  return match + "ENV{ID_MM_DEVICE_IGNORE}=\"1\", ENV{ID_MM_PORT_IGNORE}=\"1\"";
}

// The text between `before` and the next quotation mark.
std::optional<std::string> quoted(std::string_view line, std::string_view before) {
  const auto found = line.find(before);
  if (found == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(found + before.size());
  const auto end = rest.find('"');
  return end == std::string_view::npos ? std::nullopt : std::optional(std::string(rest.substr(0, end)));
}

std::optional<Pin> read_rule(std::string name, std::string_view line) {
  for (const char* key : {"ID_SERIAL_SHORT", "ID_PATH"}) {
    if (auto value = quoted(line, fmt::format("ENV{{{}}}==\"", key)); value && can_be_matched(*value)) {
      return Pin{std::move(name), key, std::move(*value), quoted(line, "ENV{VE_SERVICE}=\"").value_or("")};
    }
  }
  return std::nullopt;
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

}  // namespace

std::map<std::string, std::string> udev_properties(std::string_view text) {
  std::map<std::string, std::string> properties;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    const auto sign = line.find('=');
    if (sign != std::string_view::npos) properties.emplace(line.substr(0, sign), line.substr(sign + 1));
  }
  return properties;
}

Result<Pin> make_pin(std::string name, const std::map<std::string, std::string>& properties, std::string_view service) {
  std::vector<std::string> keys = {"ID_PATH"};
  if (name.starts_with("usb:")) keys.insert(keys.begin(), "ID_SERIAL_SHORT");
  for (const std::string& key : keys) {
    const auto property = properties.find(key);
    if (property != properties.end() && can_be_matched(property->second))
      return Pin{std::move(name), key, property->second, std::string(service)};
  }
  return Error{Errc::config, "no_identity", 0,
               name +
                   ": udev knows neither a serial number nor a socket of it (ID_SERIAL_SHORT, ID_PATH), so no rule can "
                   "tell it from other ports"};
}

std::string pin_rules(const std::vector<Pin>& pins) {
  std::string text(kHead);
  for (const Pin& pin : pins) text += fmt::format("{}{}\n{}\n", kMark, pin.name, rule(pin));
  return text;
}

std::vector<Pin> read_pin_rules(std::string_view text) {
  std::vector<Pin> pins;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (!line.starts_with(kMark)) continue;
    if (auto pin = read_rule(std::string(line.substr(kMark.size())), next_line(text))) pins.push_back(std::move(*pin));
  }
  return pins;
}

}  // namespace bmsd
