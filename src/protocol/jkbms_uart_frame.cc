#include "protocol/jkbms_uart_frame.h"

#include "wire/numbers.h"

namespace bmsd::jkuart {
namespace {

constexpr std::uint8_t kStart[] = {0x4E, 0x57}, kEnd = 0x68;
constexpr std::size_t kHead = 11;      // bytes before the data
constexpr std::size_t kRecord = 4;     // of the record number, behind the data
constexpr std::size_t kTail = 5;       // end mark and check
constexpr std::size_t kUncounted = 2;  // the length leaves the start out
constexpr std::size_t kLeastLength = kHead + kRecord + kTail - kUncounted, kMostLength = 400;

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

std::uint16_t sum16(Bytes bytes) {
  unsigned sum = 0;
  for (const std::uint8_t byte : bytes) sum += byte;
  return static_cast<std::uint16_t>(sum & 0xFFFFU);
}

}  // namespace

std::size_t frame_size(Bytes head) { return be_u16(head, 2) + kUncounted; }

std::size_t find_start(Bytes bytes, std::size_t from) {
  for (std::size_t at = from; at < bytes.size(); ++at) {
    if (bytes[at] == kStart[0] && (at + 1 == bytes.size() || bytes[at + 1] == kStart[1])) return at;
  }
  return bytes.size();
}

Result<NwFrame> parse_frame(Bytes bytes) {
  if (bytes.empty() || find_start(bytes.first(std::min<std::size_t>(bytes.size(), 2)), 0) != 0)
    return error(Errc::noise, "bad_header");
  if (bytes.size() < 4) return error(Errc::incomplete, "truncated");
  const std::size_t length = be_u16(bytes, 2), size = length + kUncounted;
  if (length < kLeastLength || length > kMostLength) return error(Errc::length, "bad_length");
  if (bytes.size() < size) return error(Errc::incomplete, "truncated");
  if (bytes[size - kTail] != kEnd) return error(Errc::noise, "bad_end_byte");
  if (be_u32(bytes, size - 4) != sum16(bytes.first(size - 4))) return error(Errc::checksum, "bad_checksum");
  return NwFrame{be_u32(bytes, 4), bytes[8], bytes[9], bytes[10], bytes.subspan(kHead, size - kHead - kRecord - kTail)};
}

ByteVector encode_frame(const NwFrame& frame) {
  NumberWriter out;
  out.bytes.assign(std::begin(kStart), std::end(kStart));
  out.u16(static_cast<double>(kLeastLength + frame.data.size())).u32(frame.terminal);
  out.u8(frame.command).u8(frame.source).u8(frame.type);
  out.text(as_text(frame.data)).fill(kRecord).u8(kEnd);
  return std::move(out.u32(sum16(out.bytes)).bytes);
}

Scan scan_frame(Bytes buffer, bool over) {
  if (buffer.empty()) return {};
  const auto frame = parse_frame(buffer);
  if (frame) return {Scan::frame, frame_size(buffer), {}};
  if (frame.error().code == Errc::incomplete && !over) return {};
  return {Scan::junk, find_start(buffer, 1), frame.error()};
}

}  // namespace bmsd::jkuart
