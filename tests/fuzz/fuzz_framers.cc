// The framers of all protocols. The first byte picks the protocol, two more say in pieces of how many bytes the stream arrives,
// in turn. The rest makes the stream: any bytes, requests and replies of the protocol, beginnings of them. Whatever comes: a
// framer takes what is there and no more, comes to an end, and waits for no more than the longest frame of its protocol. A
// frame is one by itself, too, and has the same tag there. The pieces change nothing, with one exception: where intact frames
// lie inside of one another, or share bytes, some framers take the one that is whole first, since the beginning of a damaged
// frame must not swallow the next reply. (A byte 00 behind an answer of a JK PB board is a part of it or not.) So a frame that
// one way of cutting finds and another does not shares bytes with a frame that the other one found.
#include <algorithm>
#include <array>
#include <vector>

#include "fuzz_input.h"
#include "protocol/registry.h"
#include "protocol/responder.h"
#include "wire/yd1363.h"

namespace {

using namespace bmsd;

constexpr std::size_t kLongestStream = 1024;
constexpr std::size_t kLongestText = 2 * kYd1363MaxText;
constexpr std::size_t kLongestOther = 402;  // JK UART

struct Place {
  std::size_t begin, end;
  bool operator==(const Place&) const = default;
};
using Places = std::vector<Place>;

// Those that look for nothing behind the beginning of a frame that is not whole yet, and whose frames have one length.
bool is_strict(const Protocol& protocol) {
  return protocol.text || protocol.medium == Medium::can || protocol.name == "jkbms-uart" ||
         protocol.name == "daly-uart";
}

// A byte and what follows from it.
ByteVector next_part(const Protocol& protocol, Session& session, Responder& responder, FuzzInput& input) {
  const std::uint8_t kind = input.byte();
  if (kind % 2 == 0) {
    const Bytes any = input.piece();
    return {any.begin(), any.end()};
  }
  const auto request = session.request(static_cast<std::uint8_t>(input.below(protocol.exchanges.size())));
  if (!request) return {};
  ByteVector part = request->bytes;
  if ((kind & 2) != 0) part = responder.answer(request->bytes, {}).value_or(ByteVector());
  if ((kind & 4) != 0) part.resize(part.size() * (kind >> 3U) / 32);
  return part;
}

ByteVector stream_in(const Protocol& protocol, FuzzInput& input) {
  const auto session = protocol.open({.address = protocol.default_address});
  PackOptions pack;
  pack.address = protocol.default_address;
  const auto responder = protocol.respond(pack);
  const std::size_t longest = protocol.text ? kLongestText : kLongestStream;
  ByteVector stream;
  while (!input.empty() && stream.size() < longest) {
    const ByteVector part = next_part(protocol, *session, *responder, input);
    stream.insert(stream.end(), part.begin(), part.end());
  }
  return stream;
}

void check_frame(const Protocol& protocol, Bytes frame) {
  const ByteVector alone(frame.begin(), frame.end());  // reading behind it would be seen
  for (const bool over : {false, true}) {
    const Scan scan = protocol.framer(alone, over);
    demand(scan.kind == Scan::frame && scan.size == alone.size());
  }
  const Tag tag = protocol.tag({frame}), tag_alone = protocol.tag({alone});
  demand(tag.role == tag_alone.role && tag.address == tag_alone.address && tag.exchange == tag_alone.exchange);
  demand(tag.exchange < static_cast<int>(protocol.exchanges.size()));
}

Places frames_in(const Protocol& protocol, Bytes stream, std::array<std::size_t, 2> pieces) {
  Places frames;
  ByteVector buffer;
  std::size_t gone = 0, turn = 0;  // bytes before the buffer
  while (!stream.empty() || !buffer.empty()) {
    const Bytes more = stream.first(std::min(pieces[turn++ % 2], stream.size()));
    stream = stream.subspan(more.size());
    buffer.insert(buffer.end(), more.begin(), more.end());
    const bool over = stream.empty();
    while (!buffer.empty()) {
      const Scan scan = protocol.framer(buffer, over);
      if (scan.kind == Scan::more) {
        demand(!over && buffer.size() < (protocol.text ? kYd1363MaxText : kLongestOther));
        break;
      }
      demand(scan.size > 0 && scan.size <= buffer.size());
      if (scan.kind == Scan::frame) {
        check_frame(protocol, Bytes(buffer).first(scan.size));
        frames.push_back({gone, gone + scan.size});
      }
      gone += scan.size;
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(scan.size));
    }
  }
  return frames;
}

bool shares_bytes(const Place& one, const Places& others) {
  return std::any_of(others.begin(), others.end(),
                     [&one](const Place& other) { return one.begin < other.end && other.begin < one.end; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const Protocol& protocol = *protocols()[input.below(protocols().size())];
  const std::array<std::size_t, 2> pieces = {std::size_t{input.byte()} + 1, std::size_t{input.byte()} + 1};
  const ByteVector stream = stream_in(protocol, input);
  const Places whole = frames_in(protocol, stream, {stream.size() + 1, stream.size() + 1});
  for (const auto& cut : {pieces, std::array<std::size_t, 2>{1, 1}}) {
    const Places in_pieces = frames_in(protocol, stream, cut);
    if (is_strict(protocol)) demand(in_pieces == whole);
    for (const Place& frame : in_pieces) demand(shares_bytes(frame, whole));
    for (const Place& frame : whole) demand(shares_bytes(frame, in_pieces));
  }
  return 0;
}
