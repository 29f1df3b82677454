#include "app/addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace bmsd {
namespace {

Error wrong_address(std::string detail) { return {Errc::config, "address", 0, std::move(detail)}; }

Result<int> parse_address(std::string_view text) {
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  const std::string_view digits = hex ? text.substr(2) : text;
  unsigned value = 0;  // a sign is none of an address's characters
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || value > 255) {
    return wrong_address(
        fmt::format("\"{}\" is no address; write a number from 0x00 to 0xff, as in --address 1,2,0x0a", text));
  }
  if (!hex && (digits.size() > 1 || value > 9)) {
    std::string either = fmt::format("write 0x{}", digits);
    unsigned decimal = 0;
    const auto [rest, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), decimal, 10);
    if (bad == std::errc() && rest == digits.data() + digits.size() && decimal != value && decimal < 256) {
      either += fmt::format(" or 0x{:02x}", decimal);
    }
    return wrong_address(fmt::format("address \"{}\" could be hexadecimal or decimal; {}", text, either));
  }
  return static_cast<int>(value);
}

}  // namespace

Result<std::vector<int>> parse_addresses(std::string_view text) {
  std::vector<int> addresses;
  if (trimmed(text).empty()) return addresses;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view item = trimmed(text.substr(0, comma));
    if (!item.empty()) {
      auto address = parse_address(item);
      if (!address) return address.error();
      addresses.push_back(*address);
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace bmsd
