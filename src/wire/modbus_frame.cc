#include "wire/modbus_frame.h"

#include <algorithm>
#include <array>

#include "wire/modbus.h"
#include "wire/numbers.h"

namespace bmsd {
namespace {

constexpr std::uint8_t kRefused = 0x80;
constexpr std::size_t kRequestSize = 8, kRefusalSize = 5, kAroundData = 5;
constexpr std::size_t kHead = 3;  // bytes after which the lengths are known

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

bool is_read(std::uint8_t function) { return function >= 0x01 && function <= 0x04; }
bool is_refusal(std::uint8_t function) { return (function & kRefused) != 0 && is_read(function & 0x7F); }

// Whether a frame may begin so.
bool may_begin(Bytes bytes) { return bytes.size() < 2 || is_read(bytes[1]) || is_refusal(bytes[1]); }

// How long a frame with this head may be, shorter first; 0 where there is no second length.
std::array<std::size_t, 2> sizes_of(Bytes head) {
  if (is_refusal(head[1])) return {kRefusalSize, 0};
  const std::size_t bytes = head[2];
  const bool has_registers = head[1] == kModbusReadHolding || head[1] == kModbusReadInput;
  const bool may_be_reply = bytes > 0 && (!has_registers || bytes % 2 == 0);
  if (!may_be_reply || bytes + kAroundData == kRequestSize) return {kRequestSize, 0};
  return {std::min(bytes + kAroundData, kRequestSize), std::max(bytes + kAroundData, kRequestSize)};
}

// Bytes of the intact frame at the front; 0: there is none (yet). Where both lengths hold it is the longer one: with a last
// byte of 0 a reply can end in what is the check of a request.
std::size_t intact_size(Bytes bytes) {
  if (bytes.size() < kHead || !may_begin(bytes)) return 0;
  const auto [shorter, longer] = sizes_of(bytes);
  for (const std::size_t size : {longer, shorter}) {
    if (size > 0 && size <= bytes.size() && modbus_crc_holds(bytes.first(size))) return size;
  }
  return 0;
}

// Whether more bytes could make a frame of it.
bool may_go_on(Bytes bytes) {
  if (!may_begin(bytes)) return false;
  if (bytes.size() < kHead) return true;
  const auto sizes = sizes_of(bytes);
  return bytes.size() < std::max(sizes[0], sizes[1]);
}

// The first place behind the front where `fits` holds, else the end.
template <typename Fits>
std::size_t find_behind_front(Bytes buffer, Fits&& fits) {
  std::size_t at = 1;
  while (at < buffer.size() && !fits(buffer.subspan(at))) ++at;
  return at;
}

}  // namespace

Result<ModbusFrame> parse_modbus(Bytes bytes) {
  if (!may_begin(bytes)) return error(Errc::command, "wrong_function");
  const std::size_t size = intact_size(bytes);
  if (size == 0) return may_go_on(bytes) ? error(Errc::incomplete, "truncated") : error(Errc::checksum, "bad_crc");
  ModbusFrame frame;
  frame.address = bytes[0];
  frame.function = bytes[1] & 0x7F;
  if (is_refusal(bytes[1])) {
    frame.kind = ModbusFrame::refusal;
    frame.code = bytes[2];
  } else if (size == bytes[2] + kAroundData && (size != kRequestSize || frame.function < kModbusReadHolding)) {
    frame.kind = ModbusFrame::reply;
    frame.data = bytes.subspan(kHead, bytes[2]);
  } else {
    frame.kind = ModbusFrame::request;
    frame.first = be_u16(bytes, 2);
    frame.count = be_u16(bytes, 4);
  }
  return frame;
}

std::size_t modbus_size(const ModbusFrame& frame) {
  if (frame.kind == ModbusFrame::reply) return frame.data.size() + kAroundData;
  return frame.kind == ModbusFrame::refusal ? kRefusalSize : kRequestSize;
}

ByteVector modbus_read(std::uint8_t address, std::uint8_t function, std::uint16_t first, std::uint16_t count) {
  NumberWriter writer;
  writer.u8(address).u8(function).u16(first).u16(count);
  return with_modbus_crc(std::move(writer.bytes));
}

Scan scan_modbus(Bytes buffer, bool over) {
  if (buffer.empty()) return {};
  if (const std::size_t size = intact_size(buffer)) return {Scan::frame, size, {}};
  const auto next_beginning = [&] { return find_behind_front(buffer, may_begin); };
  if (!may_begin(buffer)) return {Scan::junk, next_beginning(), error(Errc::noise, "bad_header")};
  if (!may_go_on(buffer)) return {Scan::junk, next_beginning(), error(Errc::checksum, "bad_crc")};
  const std::size_t intact = find_behind_front(buffer, [](Bytes rest) { return intact_size(rest) > 0; });
  if (intact < buffer.size()) return {Scan::junk, intact, error(Errc::incomplete, "truncated")};
  if (over) return {Scan::junk, next_beginning(), error(Errc::incomplete, "truncated")};
  return {};
}

}  // namespace bmsd
