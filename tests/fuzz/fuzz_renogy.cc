// A session with a Renogy battery that hears anything. The input is a row of records: one byte picks the exchange
// (modulo their count; with bit 7 the content is registers that get an intact frame around them, cut to what was asked
// for, otherwise a frame's bytes as they are), two bytes the length (little-endian), then the content. What is decoded
// goes the way of a value into a battery. The framer walks through all of it once more, as if it were a stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "battery/battery.h"
#include "protocol/renogy.h"
#include "wire/modbus.h"

namespace {

using namespace bmsd;

constexpr std::uint8_t kAddress = 0x30;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_reading(const Reading& reading) {
  if (reading.cell_voltages) demand(!reading.cell_voltages->empty() && reading.cell_voltages->size() <= 16);
  if (reading.cell_temperatures) demand(reading.cell_temperatures->size() <= 16);
  for (const std::string& identity : reading.identities) {
    demand(!identity.empty());
    demand(std::ranges::all_of(identity, [](char c) { return c >= 0x20 && c <= 0x7E; }));
  }
}

void walk(const Protocol& protocol, Bytes stream) {
  while (!stream.empty()) {
    const Scan waiting = protocol.framer(stream, false), scan = protocol.framer(stream, true);
    demand(scan.kind != Scan::more && scan.size > 0 && scan.size <= stream.size());
    demand(waiting.kind != Scan::frame || (scan.kind == Scan::frame && scan.size == waiting.size));
    if (scan.kind == Scan::frame) (void)protocol.tag({stream.first(scan.size)});
    stream = stream.subspan(scan.size);
  }
}

ByteVector intact_reply(Bytes registers, std::size_t count) {
  ByteVector bytes = {kAddress, 0x03, static_cast<std::uint8_t>(2 * count)};
  bytes.insert(bytes.end(), registers.begin(), registers.end());
  bytes.resize(3 + 2 * count);
  return with_modbus_crc(std::move(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Protocol& protocol = kRenogy;
  walk(protocol, Bytes(data, size).first(std::min<std::size_t>(size, 1024)));
  const auto session = protocol.open({.address = kAddress, .params = {}, .extras = true});
  const auto responder = protocol.respond({.address = kAddress});
  Battery battery;
  Bytes rest(data, size);
  while (rest.size() >= 3) {
    const auto exchange = static_cast<std::uint8_t>((rest[0] & 0x7F) % protocol.exchanges.size());
    const bool is_registers = (rest[0] & 0x80) != 0;
    const std::size_t length = std::min(rest[1] | std::size_t{rest[2]} << 8, rest.size() - 3);
    const Bytes content = rest.subspan(3, length);
    rest = rest.subspan(3 + length);
    (void)responder->answer(content, {});
    (void)responder->answer(with_modbus_crc(ByteVector(content.begin(), content.end())), {});

    const auto request = session->request(exchange);
    if (!request) continue;  // known already, given up, or not needed
    const ByteVector bytes =
        is_registers ? intact_reply(content.first(std::min(content.size(), std::size_t{2} * request->bytes[5])),
                                    request->bytes[5])
                     : ByteVector(content.begin(), content.end());
    const Frame frame{bytes};
    const Tag tag = protocol.tag(frame);
    demand(tag.exchange < static_cast<int>(protocol.exchanges.size()));
    (void)protocol.decode_vector({}, bytes, {});
    (void)protocol.decode_vector(request->bytes, bytes, {});

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
