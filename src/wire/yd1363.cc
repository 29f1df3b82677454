#include "wire/yd1363.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace bmsd {
namespace {

constexpr std::uint8_t kCr = 0x0D;
constexpr std::uint8_t kNoDigit = 0x80;

// Value of a digit by its character; kNoDigit for all others, lower case included: CHKSUM is over the characters as
// sent.
constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < 10; ++i) table[static_cast<std::size_t>('0') + i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < 6; ++i) table[static_cast<std::size_t>('A') + i] = static_cast<std::uint8_t>(10 + i);
  return table;
}();

std::uint8_t byte_at(Bytes text, std::size_t index) {
  return static_cast<std::uint8_t>(kDigits[text[index]] << 4 | kDigits[text[index + 1]]);
}

unsigned word_at(Bytes text, std::size_t index) {
  return static_cast<unsigned>(byte_at(text, index)) << 8 | byte_at(text, index + 2);
}

unsigned lchksum(unsigned lenid) { return (0U - ((lenid >> 8) + (lenid >> 4 & 15) + (lenid & 15))) & 15; }

Bytes without_cr(Bytes text) { return !text.empty() && text.back() == kCr ? text.first(text.size() - 1) : text; }

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

// All checks of parse_yd1363. `text` has no CR.
std::optional<Error> check(Bytes text, char soi) {
  if (text.empty() || text[0] != static_cast<std::uint8_t>(soi)) return error(Errc::noise, "bad_soi");
  if (text.size() < kYd1363EmptyText) return error(Errc::incomplete, "truncated");

  unsigned digits = 0;
  unsigned sum = 0;
  const std::size_t end_of_info = text.size() - 4;
  for (std::size_t i = 1; i < end_of_info; ++i) {
    digits |= kDigits[text[i]];
    sum += text[i];
  }
  for (std::size_t i = end_of_info; i < text.size(); ++i) digits |= kDigits[text[i]];
  if ((digits & kNoDigit) != 0) return error(Errc::noise, "non_hex");

  const unsigned length = word_at(text, 9);
  const unsigned lenid = length & 0xFFF;
  if (length >> 12 != lchksum(lenid)) return error(Errc::checksum, "bad_lchksum");
  if (lenid % 2 != 0) return error(Errc::length, "odd_length");
  const std::size_t present = text.size() - kYd1363EmptyText;
  if (present < lenid) return error(Errc::incomplete, "truncated");
  if (present > lenid) return error(Errc::length, "length_mismatch");
  if (((sum + word_at(text, end_of_info)) & 0xFFFF) != 0) return error(Errc::checksum, "bad_chksum");
  return std::nullopt;
}

std::size_t find(Bytes text, std::uint8_t character, std::size_t from = 0) {
  if (from >= text.size()) return text.size();
  const void* place = std::memchr(text.data() + from, character, text.size() - from);
  return place == nullptr ? text.size()
                          : static_cast<std::size_t>(static_cast<const std::uint8_t*>(place) - text.data());
}

Scan junk(std::size_t size, Error why) { return {Scan::junk, size, std::move(why)}; }

void append(ByteVector& text, unsigned value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    text.push_back(static_cast<std::uint8_t>("0123456789ABCDEF"[value >> shift & 15]));
  }
}

}  // namespace

Result<Yd1363Frame> parse_yd1363(Bytes text, Yd1363Buffer& buffer, char soi) {
  text = without_cr(text);
  if (auto refused = check(text, soi)) return std::move(*refused);

  const std::size_t size = (text.size() - kYd1363EmptyText) / 2;
  for (std::size_t i = 0; i < size; ++i) buffer[i] = byte_at(text, kYd1363HeadText + 2 * i);
  return Yd1363Frame{byte_at(text, 1), byte_at(text, 3), byte_at(text, 5), byte_at(text, 7),
                     Bytes(buffer.data(), size)};
}

ByteVector encode_yd1363(const Yd1363Frame& frame, char soi) {
  const Bytes info = frame.info.first(std::min(frame.info.size(), kYd1363MaxInfo));
  const auto lenid = static_cast<unsigned>(2 * info.size());
  ByteVector text;
  text.reserve(kYd1363EmptyText + lenid + 1);
  text.push_back(static_cast<std::uint8_t>(soi));
  for (const unsigned byte : {frame.ver, frame.adr, frame.cid1, frame.cid2}) append(text, byte, 2);
  append(text, lchksum(lenid) << 12 | lenid, 4);
  for (const unsigned byte : info) append(text, byte, 2);
  unsigned sum = 0;
  for (std::size_t i = 1; i < text.size(); ++i) sum += text[i];
  append(text, (0U - sum) & 0xFFFF, 4);
  text.push_back(kCr);
  return text;
}

Scan scan_yd1363(char soi, Bytes buffer, bool over) {
  if (buffer.empty()) return {};
  const auto start = static_cast<std::uint8_t>(soi);
  if (buffer[0] != start) return junk(find(buffer, start), error(Errc::noise, "bad_soi"));

  const Bytes window = buffer.first(std::min(buffer.size(), kYd1363MaxText));
  const std::size_t cr = find(window, kCr);
  const std::size_t restart = find(window.first(cr), start, 1);
  if (restart < cr) return junk(restart, error(Errc::incomplete, "truncated"));
  if (cr == window.size()) {
    if (window.size() == kYd1363MaxText) return junk(cr, error(Errc::length, "length_mismatch"));
    return over ? junk(cr, error(Errc::incomplete, "truncated")) : Scan{};
  }
  if (auto refused = check(window.first(cr), soi)) return junk(cr + 1, std::move(*refused));
  return {Scan::frame, cr + 1, {}};
}

}  // namespace bmsd
