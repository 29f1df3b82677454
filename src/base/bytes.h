// Bytes as they travel: views, hexadecimal text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bmsd {

using Bytes = std::span<const std::uint8_t>;
using ByteVector = std::vector<std::uint8_t>;

// The characters of a text as bytes; the view lives as long as the text.
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The bytes as characters; the view lives as long as the bytes.
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

inline bool same(Bytes a, Bytes b) { return as_text(a) == as_text(b); }

// "7E32": upper case, two digits per byte.
std::string to_hex(Bytes bytes);

// A text field as people read it: without padding (00, 20, FF) at either end, '?' for what cannot be printed.
std::string printable_text(Bytes field);

// "0x0a": a bus address as people and names of services have it, lower case, two digits.
std::string hex_address(int address);

// The reverse of to_hex(); blanks between bytes are allowed, either case. Empty for an odd number of digits or any other character.
std::optional<ByteVector> from_hex(std::string_view text);

}  // namespace bmsd
