#include "protocol/daly_uart_frame.h"

#include <algorithm>
#include <utility>

namespace bmsd::daly {
namespace {

constexpr std::size_t kHead = 4, kCheck = kFrameSize - 1;

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

std::uint8_t sum_of(Bytes bytes) {
  unsigned sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return static_cast<std::uint8_t>(sum & 0xFF);
}

Scan junk(Bytes buffer, Error why) {
  const auto next = std::find(buffer.begin() + 1, buffer.end(), kStart);
  return {Scan::junk, static_cast<std::size_t>(next - buffer.begin()), std::move(why)};
}

}  // namespace

Result<DalyFrame> parse_frame(Bytes bytes) {
  if (bytes.empty() || bytes[0] != kStart) return error(Errc::noise, "bad_header");
  if (bytes.size() < kFrameSize) return error(Errc::incomplete, "truncated");
  if (bytes[kCheck] != sum_of(bytes.first(kCheck))) return error(Errc::checksum, "bad_checksum");
  if (bytes[3] != kDataSize) return error(Errc::length, "bad_length");
  return DalyFrame{bytes[1], bytes[2], bytes.subspan(kHead, kDataSize)};
}

ByteVector encode_frame(std::uint8_t address, std::uint8_t command, Bytes data) {
  ByteVector bytes(kCheck, 0);
  bytes[0] = kStart;
  bytes[1] = address;
  bytes[2] = command;
  bytes[3] = kDataSize;
  std::copy_n(data.begin(), std::min(data.size(), kDataSize), bytes.begin() + kHead);
  bytes.push_back(sum_of(bytes));
  return bytes;
}

Scan scan_frame(Bytes buffer, bool over) {
  if (buffer.empty()) return {};
  const auto frame = parse_frame(buffer);
  if (frame) return {Scan::frame, kFrameSize, {}};
  if (frame.error().code == Errc::incomplete && !over) return {};
  return junk(buffer, frame.error());
}

bool is_request_address(std::uint8_t address) { return board_asked(address).has_value(); }

std::optional<std::uint8_t> board_asked(std::uint8_t request_address) {
  if (request_address == kGprs || request_address == kApp) return 1;
  if (request_address < kPc || request_address >= kPc + kMostBoards) return std::nullopt;
  return static_cast<std::uint8_t>(request_address - kPc + 1);
}

}  // namespace bmsd::daly
