#include "wire/can_text.h"

#include <charconv>

#include "wire/can_frame.h"

namespace bmsd {
namespace {

constexpr std::size_t kStandardDigits = 3, kExtendedDigits = 8;
constexpr std::string_view kDigits = "0123456789ABCDEF";

}  // namespace

std::string can_text(Bytes record) {
  const CanFrame frame = can_frame(record);
  std::string text;
  for (std::size_t left = frame.extended ? kExtendedDigits : kStandardDigits; left > 0; --left)
    text += kDigits[frame.id >> 4 * (left - 1) & 0xF];
  return text + "#" + to_hex(frame.data);
}

std::optional<ByteVector> can_record_of(std::string_view text) {
  const std::size_t hash = text.find('#');
  if (hash != kStandardDigits && hash != kExtendedDigits) return std::nullopt;
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + hash, id, 16);
  if (error != std::errc() || end != text.data() + hash) return std::nullopt;
  std::string digits;
  for (const char c : text.substr(hash + 1)) {
    if (c != '.') digits += c;
  }
  const auto data = from_hex(digits);
  if (!data || data->size() > kMaxCanData) return std::nullopt;
  ByteVector record = can_record(id, hash == kExtendedDigits, *data);
  if (can_framer(record, true).kind != Scan::frame) return std::nullopt;
  return record;
}

}  // namespace bmsd
