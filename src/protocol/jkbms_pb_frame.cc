#include "protocol/jkbms_pb_frame.h"

#include <algorithm>
#include <array>
#include <span>

#include "wire/modbus.h"
#include "wire/numbers.h"

namespace bmsd::jkpb {
namespace {

// What frames begin with; kAddress stands for 00 to 0F, kAny for every byte.
constexpr int kAny = -1, kAddress = -2;
constexpr auto kBlockHead = std::to_array<int>({0x55, 0xAA, 0xEB, 0x90});
constexpr auto kRequestHead = std::to_array<int>({kAddress, 0x10, 0x16, kAny, 0x00, 0x01, 0x02});
constexpr auto kAckHead = std::to_array<int>({kAddress, 0x10, 0x16, kAny, 0x00, 0x01});
constexpr auto kExceptionHead = std::to_array<int>({kAddress, 0x90});
constexpr std::size_t kRequestSize = 11, kAckSize = 8, kExceptionSize = 5;
constexpr std::size_t kMostPads = 2;  // bytes 00 between block and acknowledgement

Error error(Errc code, const char* what) { return {code, what, 0, {}}; }

// True when `bytes`, as far as there are any, begin like this.
bool may_begin(Bytes bytes, std::span<const int> head) {
  const std::size_t count = std::min(bytes.size(), head.size());
  for (std::size_t i = 0; i < count; ++i) {
    const bool fits = head[i] == kAny || (head[i] == kAddress ? bytes[i] < kMostAddresses : bytes[i] == head[i]);
    if (!fits) return false;
  }
  return true;
}

bool may_begin_frame(Bytes bytes) {
  return may_begin(bytes, kBlockHead) || may_begin(bytes, kRequestHead) || may_begin(bytes, kExceptionHead);
}

bool sum_holds(Bytes block) { return sum8(block.first(kBlockSize - 1)) == block[kBlockSize - 1]; }

// 00 is an address, too.
bool begins_with_pad(Bytes behind) {
  return !behind.empty() && behind[0] == 0x00 && (behind.size() == 1 || !may_begin_frame(behind));
}

Result<PbFrame> parse_answer(Bytes bytes) {
  if (bytes.size() < kBlockSize) return error(Errc::incomplete, "truncated");
  const Bytes block = bytes.first(kBlockSize);
  if (!sum_holds(block)) return error(Errc::checksum, "bad_checksum");
  bool may_come = false;
  for (std::size_t pads = 0; pads <= kMostPads; ++pads) {
    const std::size_t at = kBlockSize + pads;
    // Any other byte would rather be the last of a block that noise has made longer.
    if (pads > 0 && at <= bytes.size() && bytes[at - 1] != 0x00) break;
    const Bytes ack = bytes.subspan(std::min(at, bytes.size()));
    if (!may_begin(ack, kAckHead)) continue;
    if (ack.size() < kAckSize) {
      may_come = true;
    } else if (modbus_crc_holds(ack.first(kAckSize))) {
      const std::size_t pad = begins_with_pad(ack.subspan(kAckSize)) ? 1 : 0;
      return PbFrame{PbFrame::answer, ack[0], be_u16(ack, 2), 0, block, at + kAckSize + pad};
    }
  }
  return may_come ? error(Errc::incomplete, "truncated") : error(Errc::checksum, "missing_ack");
}

Result<PbFrame> parse_request(Bytes bytes) {
  if (bytes.size() < kRequestSize) return error(Errc::incomplete, "truncated");
  if (!modbus_crc_holds(bytes.first(kRequestSize))) return error(Errc::checksum, "bad_checksum");
  return PbFrame{PbFrame::request, bytes[0], be_u16(bytes, 2), 0, {}, kRequestSize};
}

// Two bytes are no head to rely on: without the CRC this is no exception, not a damaged one.
Result<PbFrame> parse_exception(Bytes bytes) {
  if (bytes.size() < kExceptionSize) return error(Errc::incomplete, "truncated");
  if (!modbus_crc_holds(bytes.first(kExceptionSize))) return error(Errc::noise, "bad_header");
  return PbFrame{PbFrame::exception, bytes[0], 0, bytes[2], {}, kExceptionSize};
}

}  // namespace

Result<PbFrame> parse_frame(Bytes bytes) {
  if (bytes.empty()) return error(Errc::noise, "bad_header");
  if (may_begin(bytes, kBlockHead)) return parse_answer(bytes);
  if (may_begin(bytes, kRequestHead)) return parse_request(bytes);
  if (may_begin(bytes, kExceptionHead)) return parse_exception(bytes);
  return error(Errc::noise, "bad_header");
}

bool is_block_head(Bytes bytes) { return bytes.size() >= kBlockHead.size() && may_begin(bytes, kBlockHead); }

std::optional<Bytes> intact_block(Bytes bytes) {
  if (bytes.size() < kBlockSize || !is_block_head(bytes) || !sum_holds(bytes)) return std::nullopt;
  return bytes.first(kBlockSize);
}

std::size_t next_start(Bytes bytes) {
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    if (may_begin_frame(bytes.subspan(at))) return at;
  }
  return bytes.size();
}

ByteVector encode_request(std::uint8_t address, std::uint16_t reg) {
  NumberWriter writer;
  writer.u8(address).u8(0x10).u16(reg).u16(1).u8(2).u16(0);
  return with_modbus_crc(std::move(writer.bytes));
}

Scan scan_frame(Bytes buffer, bool over) {
  if (buffer.empty()) return {};
  const auto frame = parse_frame(buffer);
  if (frame) return {Scan::frame, frame->size, {}};
  const bool may_come = frame.error().code == Errc::incomplete;
  if (may_come && !over) return {};
  const bool is_part_of_head = may_come && buffer.size() < kBlockHead.size();  // a pad, for example
  return {Scan::junk, next_start(buffer), is_part_of_head ? error(Errc::noise, "bad_header") : frame.error()};
}

}  // namespace bmsd::jkpb
