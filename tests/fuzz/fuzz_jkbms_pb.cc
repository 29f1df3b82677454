// A session with a JK PB that hears anything. The input is a row of records: one byte picks the exchange (modulo their count;
// with bit 7 the content is that of a block, from its byte 6 on, which gets an intact frame and its acknowledgement around
// it, otherwise bytes as they come), two bytes the length (little-endian), then the content. What is decoded goes the way of
// a value into a battery.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "battery/battery.h"
#include "protocol/jkbms_pb.h"
#include "wire/modbus.h"
#include "wire/numbers.h"

namespace {

using namespace bmsd;

constexpr std::size_t kBlock = 300, kContent = 6;
constexpr std::array<std::uint8_t, 3> kTypes = {2, 1, 3};

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_reading(const Reading& reading) {
  if (reading.cell_voltages) demand(!reading.cell_voltages->empty() && reading.cell_voltages->size() <= 32);
  if (reading.cell_temperatures) demand(reading.cell_temperatures->size() <= 4);
  for (const std::string& identity : reading.identities) {
    demand(!identity.empty() && identity.size() <= 16);
    demand(std::all_of(identity.begin(), identity.end(), [](char c) { return c >= 0x20 && c <= 0x7E; }));
  }
}

ByteVector answered(Bytes request, std::uint8_t type, Bytes content) {
  ByteVector bytes(kBlock, 0);
  const ByteVector head = {0x55, 0xAA, 0xEB, 0x90, type};
  std::copy(head.begin(), head.end(), bytes.begin());
  const std::size_t size = std::min(content.size(), kBlock - kContent - 1);
  std::copy_n(content.begin(), size, bytes.begin() + kContent);
  bytes.back() = sum8(Bytes(bytes).first(kBlock - 1));
  const ByteVector ack = with_modbus_crc({request.begin(), request.begin() + 6});
  bytes.insert(bytes.end(), ack.begin(), ack.end());
  return bytes;
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
  const Protocol& protocol = kJkBmsPb;
  const auto session = protocol.open({.address = protocol.default_address, .params = {}, .extras = true});
  Battery battery;
  Bytes rest(data, size);
  while (rest.size() >= 3) {
    const auto exchange = static_cast<std::uint8_t>((rest[0] & 0x7F) % protocol.exchanges.size());
    const bool is_content = (rest[0] & 0x80) != 0;
    const std::size_t length = std::min(rest[1] | std::size_t{rest[2]} << 8, rest.size() - 3);
    const Bytes content = rest.subspan(3, length);
    rest = rest.subspan(3 + length);

    const auto request = session->request(exchange);
    demand(request.has_value());
    const ByteVector stream =
        is_content ? answered(request->bytes, kTypes[exchange], content) : ByteVector(content.begin(), content.end());
    (void)protocol.decode_vector(request->bytes, stream, {});
    (void)protocol.decode_vector({}, stream, {});

    const std::vector<Frame> frames = frames_in(protocol, stream);
    if (is_content) demand(frames.size() == 1);
    (void)session->decode({nullptr, frames, true});
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
