// The framer of YD/T 1363. The first byte says in pieces of how many characters the rest arrives. Whatever comes: the
// framer takes what is there and no more, comes to an end, finds the same frames as in one piece, and every frame can
// be built anew.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "wire/yd1363.h"

namespace {

using bmsd::Bytes;
using bmsd::ByteVector;

void demand(bool holds) {
  if (!holds) std::abort();
}

void check_frame(Bytes text) {
  bmsd::Yd1363Buffer buffer;
  const auto frame = bmsd::parse_yd1363(text, buffer);
  demand(frame.ok());
  demand(bmsd::same(bmsd::encode_yd1363(*frame), text));
}

std::vector<ByteVector> frames_in(Bytes stream, std::size_t piece) {
  std::vector<ByteVector> frames;
  ByteVector buffer;
  while (!stream.empty() || !buffer.empty()) {
    const Bytes more = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(more.size());
    buffer.insert(buffer.end(), more.begin(), more.end());
    const bool over = stream.empty();
    while (!buffer.empty()) {
      const bmsd::Scan scan = bmsd::scan_yd1363(buffer, over);
      if (scan.kind == bmsd::Scan::more) {
        demand(!over);
        break;
      }
      demand(scan.size > 0 && scan.size <= buffer.size());
      if (scan.kind == bmsd::Scan::frame) {
        check_frame(Bytes(buffer).first(scan.size));
        frames.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(scan.size));
      }
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(scan.size));
    }
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes stream(data + 1, size - 1);
  const std::size_t piece = std::size_t{data[0]} + 1;
  demand(frames_in(stream, piece) == frames_in(stream, size));
  return 0;
}
