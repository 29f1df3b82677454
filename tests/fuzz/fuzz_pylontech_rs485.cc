// A session with a Pylontech battery that hears anything. The input is a row of records: one byte picks the exchange
// (modulo their count; with bit 7 the content is an INFO that gets an intact frame around it, otherwise a frame's text as
// it is), two bytes the length (little-endian), then the content. What is decoded goes the way of a value into a battery.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "battery/battery.h"
#include "protocol/pylontech_rs485.h"
#include "wire/yd1363.h"

namespace {

using namespace bmsd;

constexpr int kAddress = 2;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_reading(const Reading& reading) {
  if (reading.cell_voltages) demand(!reading.cell_voltages->empty() && reading.cell_voltages->size() <= 32);
  if (reading.cell_temperatures) demand(reading.cell_temperatures->size() <= 32);
  if (const auto soc = reading.get(Field::soc)) demand(*soc >= 0 && *soc <= 100);
  for (const Field field : {Field::max_charge_current, Field::max_discharge_current}) {
    if (const auto limit = reading.get(field)) demand(*limit >= 0);
  }
  for (const std::string& identity : reading.identities) {
    demand(!identity.empty());
    demand(std::all_of(identity.begin(), identity.end(), [](char c) { return c >= 0x20 && c <= 0x7E; }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Protocol& protocol = kPylontechRs485;
  const auto session = protocol.open({.address = kAddress, .params = {}, .extras = true});
  Battery battery;
  Bytes rest(data, size);
  while (rest.size() >= 3) {
    const auto exchange = static_cast<std::uint8_t>((rest[0] & 0x7F) % protocol.exchanges.size());
    const bool is_info = (rest[0] & 0x80) != 0;
    const std::size_t length = std::min(rest[1] | std::size_t{rest[2]} << 8, rest.size() - 3);
    const Bytes content = rest.subspan(3, length);
    rest = rest.subspan(3 + length);

    const ByteVector text =
        is_info ? encode_yd1363({0x20, kAddress, 0x46, 0x00, content}) : ByteVector(content.begin(), content.end());
    const Frame frame{text};
    const Tag tag = protocol.tag(frame);
    demand(tag.exchange < static_cast<int>(protocol.exchanges.size()));
    (void)protocol.decode_vector({}, text, {});

    const auto request = session->request(exchange);
    if (!request) continue;  // left out after failures
    const auto reading = session->decode({&*request, {&frame, 1}, true});
    if (reading) {
      check_reading(*reading);
      (void)battery.merge(*reading, exchange, Instant());
    } else {
      session->failed(exchange, reading.error());
    }
  }
  return 0;
}
