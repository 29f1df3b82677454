// A session over CAN that hears anything. The input is a row of records: one byte (with bit 7 the identifier is one that
// matters, the rest of the byte picks it; else four bytes follow that are the identifier as it is), one byte of time that has
// passed, one byte of length, the data. What is decoded goes the way of a value into a battery.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <span>

#include "battery/battery.h"
#include "protocol/protocol.h"
#include "wire/can_frame.h"

namespace bmsd {

inline void demand(bool holds) {
  if (!holds) std::abort();
}

struct FuzzId {
  std::uint32_t id;
  bool extended;
};

inline void check_reading(const Reading& reading) {
  if (reading.cell_voltages) demand(!reading.cell_voltages->empty() && reading.cell_voltages->size() <= kMaxCells);
  if (reading.cell_temperatures) demand(reading.cell_temperatures->size() <= 16);
  for (const std::string& identity : reading.identities) demand(!identity.empty());
}

inline int fuzz_can_session(const Protocol& protocol, int address, std::span<const FuzzId> ids, Bytes rest) {
  const std::array<Param, 1> params = {{{"cell_count", "16"}}};
  const auto session = protocol.open({.address = address, .params = params, .extras = true});
  Battery battery;
  ByteVector all;
  std::vector<ByteVector> parts;  // of the answer to what is asked
  Instant now{std::chrono::hours(1)};
  std::uint8_t exchange = 0;
  while (rest.size() >= 8) {
    const bool known = (rest[0] & 0x80) != 0;
    const FuzzId id =
        known ? ids[(rest[0] & 0x7FU) % ids.size()]
              : FuzzId{(static_cast<std::uint32_t>(rest[1]) << 24 | static_cast<std::uint32_t>(rest[2]) << 16 |
                        static_cast<std::uint32_t>(rest[3]) << 8 | rest[4]) &
                           0x1FFFFFFF,
                       (rest[0] & 1) != 0};
    now += std::chrono::milliseconds(10 * rest[5]);
    const std::size_t length = std::min<std::size_t>(rest[6] % 9, rest.size() - 7);
    const ByteVector record = can_record(id.extended ? id.id : id.id & 0x7FF, id.extended, rest.subspan(7, length));
    rest = rest.subspan(7 + length);
    all.insert(all.end(), record.begin(), record.end());
    const Frame frame{record};
    const Tag tag = protocol.tag(frame);
    demand(tag.exchange < static_cast<int>(protocol.exchanges.size()));
    if (tag.exchange >= 0) exchange = static_cast<std::uint8_t>(tag.exchange);

    const auto request = session->request(exchange);
    parts.push_back(record);
    std::vector<Frame> frames;
    for (const ByteVector& part : parts) frames.push_back({part});
    const auto reading = request ? session->decode({&*request, frames, false, now})
                                 : session->decode({nullptr, {&frame, 1}, false, now});
    if (reading) {
      check_reading(*reading);
      (void)battery.merge(*reading, exchange, now);
    } else {
      session->failed(exchange, reading.error());
    }
    if (reading || parts.size() > 20) parts.clear();
    if (rest.size() % 16 == 0) {
      if (const auto silence = session->stayed_away(exchange)) (void)battery.merge(*silence, exchange, now);
    }
  }
  const auto vector = protocol.decode_vector({}, all, params);
  if (vector) check_reading(*vector);
  return 0;
}

}  // namespace bmsd
