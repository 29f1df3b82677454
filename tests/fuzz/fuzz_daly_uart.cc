// A session with a Daly board that hears anything. The input is a row of records: one byte picks the exchange (modulo
// their count; with bit 7 the content is the data of frames, 8 bytes each, that get an intact frame around them, otherwise
// bytes as they come), two bytes the length (little-endian), then the content. What is decoded goes the way of a value
// into a battery.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "battery/battery.h"
#include "protocol/daly_uart.h"
#include "protocol/daly_uart_frame.h"

namespace {

using namespace bmsd;

constexpr std::uint8_t kBoard = 1;
constexpr std::size_t kData = 8;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_reading(const Reading& reading) {
  if (reading.cell_voltages) demand(!reading.cell_voltages->empty() && reading.cell_voltages->size() <= 48);
  if (reading.cell_temperatures) demand(reading.cell_temperatures->size() <= 16);
  for (const std::string& identity : reading.identities) {
    demand(!identity.empty());
    demand(std::all_of(identity.begin(), identity.end(), [](char c) { return c > 0x20 && c <= 0x7E; }));
  }
}

ByteVector framed(std::uint8_t command, Bytes content) {
  ByteVector stream;
  while (!content.empty()) {
    const Bytes data = content.first(std::min(kData, content.size()));
    const ByteVector frame = daly::encode_frame(kBoard, command, data);
    stream.insert(stream.end(), frame.begin(), frame.end());
    content = content.subspan(data.size());
  }
  return stream;
}

std::vector<Frame> frames_in(const Protocol& protocol, Bytes stream) {
  std::vector<Frame> frames;
  while (!stream.empty()) {
    const Scan scan = protocol.framer(stream, true);
    demand(scan.kind != Scan::more && scan.size > 0 && scan.size <= stream.size());
    if (scan.kind == Scan::frame) {
      frames.push_back({stream.first(scan.size)});
      demand(protocol.tag(frames.back()).exchange < static_cast<int>(protocol.exchanges.size()));
    }
    stream = stream.subspan(scan.size);
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Protocol& protocol = kDalyUart;
  const auto session = protocol.open({.address = protocol.default_address, .params = {}, .extras = true});
  Battery battery;
  Bytes rest(data, size);
  while (rest.size() >= 3) {
    const auto exchange = static_cast<std::uint8_t>((rest[0] & 0x7F) % protocol.exchanges.size());
    const bool is_data = (rest[0] & 0x80) != 0;
    const std::size_t length = std::min(rest[1] | std::size_t{rest[2]} << 8, rest.size() - 3);
    const Bytes content = rest.subspan(3, length);
    rest = rest.subspan(3 + length);

    const auto request = session->request(exchange);
    if (!request) continue;  // not before the counts are known
    const ByteVector stream = is_data ? framed(request->bytes[2], content) : ByteVector(content.begin(), content.end());
    const Param count{"cell_count", "16"};
    (void)protocol.decode_vector(request->bytes, stream, {});
    (void)protocol.decode_vector({}, stream, {&count, 1});

    const std::vector<Frame> frames = frames_in(protocol, stream);
    const auto reading = session->decode({&*request, frames, true});
    if (reading) {
      check_reading(*reading);
      (void)battery.merge(*reading, exchange, Instant());
    } else {
      session->failed(exchange, reading.error());
    }
  }
  return 0;
}
