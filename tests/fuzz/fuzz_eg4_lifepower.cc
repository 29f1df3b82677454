// A session with a Tian-Power pack that hears anything. The input is a row of records: one byte picks the exchange (modulo
// their count; with bit 7 the content is a payload that gets an intact frame around it, otherwise a frame's bytes as they
// are; with bit 6 the exchange fails first), two bytes the length (little-endian), then the content. What is decoded goes
// the way of a value into a battery. The framer walks through all of it once more, as if it were a stream.
#include <cstdint>
#include <cstdlib>

#include "battery/battery.h"
#include "protocol/eg4_lifepower.h"
#include "protocol/eg4_lifepower_frame.h"

namespace {

using namespace bmsd;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_reading(const Reading& reading) {
  if (reading.cell_voltages) demand(!reading.cell_voltages->empty() && reading.cell_voltages->size() <= 32);
  if (reading.cell_temperatures) demand(reading.cell_temperatures->size() <= 127);
  demand(reading.identities.empty());
}

void walk(const Protocol& protocol, Bytes stream) {
  while (!stream.empty()) {
    const Scan waiting = protocol.framer(stream, false), scan = protocol.framer(stream, true);
    demand(scan.kind != Scan::more && scan.size > 0 && scan.size <= stream.size());
    demand(waiting.kind != Scan::frame || (scan.kind == Scan::frame && scan.size == waiting.size));
    stream = stream.subspan(scan.size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Protocol& protocol = kEg4Lifepower;
  walk(protocol, {data, size});
  const auto session = protocol.open({.address = 1, .params = {}, .extras = true});
  const auto responder = protocol.respond({});
  Battery battery;
  Bytes rest(data, size);
  while (rest.size() >= 3) {
    const auto exchange = static_cast<std::uint8_t>((rest[0] & 0x3F) % protocol.exchanges.size());
    const bool is_payload = (rest[0] & 0x80) != 0, fails = (rest[0] & 0x40) != 0;
    const std::size_t length = std::min(rest[1] | std::size_t{rest[2]} << 8, rest.size() - 3);
    const Bytes content = rest.subspan(3, length);
    rest = rest.subspan(3 + length);
    (void)responder->answer(content, {});

    if (fails) session->failed(exchange, {Errc::timeout, "no_reply", 0, {}});
    const auto request = session->request(exchange);
    demand(request.has_value());
    const Bytes payload = content.first(std::min<std::size_t>(content.size(), 255));
    const ByteVector bytes = is_payload ? eg4::encode_frame({request->bytes[0], 1, request->bytes[2], payload})
                                        : ByteVector(content.begin(), content.end());
    const Frame frame{bytes};
    demand(protocol.tag(frame).exchange < static_cast<int>(protocol.exchanges.size()));
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
