#include "protocol/eg4_lifepower_frame.h"

#include <algorithm>
#include <utility>

namespace bmsd::eg4 {
namespace {

constexpr std::uint8_t kEnd = 0x0D;
constexpr std::size_t kHead = 4, kTail = 2;  // bytes around the payload

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

bool is_start(std::uint8_t byte) { return byte == kStart || byte == kOtherStart; }

std::size_t frame_size(Bytes head) { return kHead + head[3] + kTail; }

std::uint8_t check_of(Bytes guarded) {
  unsigned sum = 0, parity = 0;
  for (const std::uint8_t byte : guarded) {
    sum += byte;
    parity ^= byte;
  }
  return static_cast<std::uint8_t>((sum ^ parity) & 0xFFU);
}

std::size_t find_start(Bytes bytes, std::size_t from) {
  from = std::min(from, bytes.size());
  return static_cast<std::size_t>(
      std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(), is_start) - bytes.begin());
}

Result<Eg4Frame> parse_own_frame(Bytes bytes) {
  if (bytes.size() >= 2 && bytes[1] > kHighestAddress) return error(Errc::noise, "bad_header");
  return parse_frame(bytes);
}

Scan junk(Bytes buffer, Error why) { return {Scan::junk, find_start(buffer, 1), std::move(why)}; }

}  // namespace

Result<Eg4Frame> parse_frame(Bytes bytes) {
  if (bytes.empty() || !is_start(bytes[0])) return error(Errc::noise, "bad_header");
  if (bytes.size() < kHead || bytes.size() < frame_size(bytes)) return error(Errc::incomplete, "truncated");
  const std::size_t check = kHead + bytes[3];
  if (bytes[check + 1] != kEnd) return error(Errc::noise, "bad_trailer");
  if (bytes[check] != check_of(bytes.first(check))) return error(Errc::checksum, "bad_checksum");
  return Eg4Frame{bytes[0], bytes[1], bytes[2], bytes.subspan(kHead, bytes[3])};
}

ByteVector encode_frame(const Eg4Frame& frame) {
  ByteVector bytes = {frame.start, frame.address, frame.command, static_cast<std::uint8_t>(frame.payload.size())};
  bytes.reserve(kHead + frame.payload.size() + kTail);
  bytes.insert(bytes.end(), frame.payload.begin(), frame.payload.end());
  bytes.push_back(check_of(bytes));
  bytes.push_back(kEnd);
  return bytes;
}

Scan scan_frame(Bytes buffer, bool over) {
  if (buffer.empty()) return {};
  const auto frame = parse_own_frame(buffer);
  if (frame) return {Scan::frame, frame_size(buffer), {}};
  if (frame.error().code != Errc::incomplete || over) return junk(buffer, frame.error());
  for (std::size_t at = find_start(buffer, 1); at < buffer.size(); at = find_start(buffer, at + 1)) {
    if (parse_own_frame(buffer.subspan(at))) return {Scan::junk, at, frame.error()};
  }
  return {};
}

}  // namespace bmsd::eg4
