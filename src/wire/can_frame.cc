#include "wire/can_frame.h"

#include <algorithm>
#include <utility>

#include "wire/numbers.h"

namespace bmsd {
namespace {

constexpr std::uint32_t kExtended = 0x80000000;
constexpr std::uint32_t kLargestStandard = 0x7FF, kLargestExtended = 0x1FFFFFFF;
constexpr std::size_t kHead = 5;

bool has_too_many_bits(std::uint32_t field) {
  return (field & kExtended) != 0 ? (field & ~kExtended) > kLargestExtended : field > kLargestStandard;
}

}  // namespace

ByteVector can_record(std::uint32_t id, bool extended, Bytes data) {
  const std::size_t length = std::min(data.size(), kMaxCanData);
  NumberWriter writer;
  writer.u32(extended ? id | kExtended : id).u8(static_cast<double>(length));
  writer.bytes.insert(writer.bytes.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(length));
  return std::move(writer.bytes);
}

CanFrame can_frame(Bytes record) {
  const std::uint32_t field = be_u32(record, 0);
  return {field & ~kExtended, (field & kExtended) != 0, record.subspan(kHead)};
}

// Start bit to the end of the pause between frames: 47 bits, 67 with an extended identifier, and the data.
Duration can_time(Bytes record, int bitrate) {
  if (bitrate <= 0) return Duration(0);
  const CanFrame frame = can_frame(record);
  const std::int64_t bits = (frame.extended ? 67 : 47) + 8 * static_cast<std::int64_t>(frame.data.size());
  return Duration((bits + bits / 10) * 1'000'000 / bitrate);
}

Scan can_framer(Bytes buffer, bool over) {
  const Scan junk = {Scan::junk, 1, {Errc::noise, "no_can_frame", 0, {}}};
  if (buffer.empty()) return {};
  if (buffer.size() < kHead) return over ? junk : Scan();
  if (has_too_many_bits(be_u32(buffer, 0)) || buffer[4] > kMaxCanData) return junk;
  const std::size_t size = kHead + buffer[4];
  if (buffer.size() < size) return over ? junk : Scan();
  return {Scan::frame, size};
}

}  // namespace bmsd
