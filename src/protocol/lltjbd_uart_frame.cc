#include "protocol/lltjbd_uart_frame.h"

#include <algorithm>
#include <utility>

namespace bmsd::lltjbd {
namespace {

constexpr std::uint8_t kStart = 0xDD, kEnd = 0x77;
constexpr std::size_t kHead = 4, kTail = 3;  // bytes around the data

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

std::size_t find_start(Bytes bytes, std::size_t from) {
  from = std::min(from, bytes.size());
  return static_cast<std::size_t>(std::find(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(), kStart) -
                                  bytes.begin());
}

std::uint16_t check_of(Bytes guarded) {
  unsigned sum = 0;
  for (const std::uint8_t byte : guarded) sum += byte;
  return static_cast<std::uint16_t>(0x10000U - sum);
}

Scan junk(Bytes buffer, Error why) { return {Scan::junk, find_start(buffer, 1), std::move(why)}; }

}  // namespace

std::size_t frame_size(Bytes head) { return kHead + head[3] + kTail; }

Result<JbdFrame> parse_frame(Bytes bytes) {
  if (bytes.empty() || bytes[0] != kStart) return error(Errc::noise, "bad_header");
  if (bytes.size() < kHead || bytes.size() < frame_size(bytes)) return error(Errc::incomplete, "truncated");
  const std::size_t size = frame_size(bytes), check = size - kTail;
  if (bytes[size - 1] != kEnd) return error(Errc::noise, "bad_trailer");
  const unsigned sent = static_cast<unsigned>(bytes[check]) << 8 | bytes[check + 1];
  if (sent != check_of(bytes.subspan(2, check - 2))) return error(Errc::checksum, "bad_checksum");
  return JbdFrame{bytes[1], bytes[2], bytes.subspan(kHead, check - kHead)};
}

ByteVector encode_frame(const JbdFrame& frame) {
  ByteVector bytes;
  bytes.reserve(kHead + frame.data.size() + kTail);
  for (const std::size_t byte :
       {std::size_t{kStart}, std::size_t{frame.head}, std::size_t{frame.third}, frame.data.size()})
    bytes.push_back(static_cast<std::uint8_t>(byte));
  bytes.insert(bytes.end(), frame.data.begin(), frame.data.end());
  const std::uint16_t check = check_of(Bytes(bytes).subspan(2));
  bytes.push_back(static_cast<std::uint8_t>(check >> 8));
  bytes.push_back(static_cast<std::uint8_t>(check & 0xFF));
  bytes.push_back(kEnd);
  return bytes;
}

Scan scan_frame(Bytes buffer, bool over) {
  if (buffer.empty()) return {};
  const auto frame = parse_frame(buffer);
  if (frame) return {Scan::frame, frame_size(buffer), {}};
  if (frame.error().code != Errc::incomplete) return junk(buffer, frame.error());
  if (over) return junk(buffer, frame.error());
  for (std::size_t at = find_start(buffer, 1); at < buffer.size(); at = find_start(buffer, at + 1)) {
    if (parse_frame(buffer.subspan(at))) return {Scan::junk, at, frame.error()};
  }
  return {};
}

}  // namespace bmsd::lltjbd
