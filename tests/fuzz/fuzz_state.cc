// A state file that holds anything. The first byte says what the rest is: 0 a whole file, else the JSON of one, which gets
// the first line that fits it, so that the checksum is no wall.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/state_text.h"

namespace {

using namespace bmsd;

void demand(bool holds) {
  if (!holds) std::abort();
}

std::string intact(std::string_view content) {
  char head[64];
  std::snprintf(head, sizeof head, "bmsd-state 1 crc32 %08X\n", crc32(content));
  return std::string(head).append(content);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto state = parse_state(data[0] == 0 ? std::string(rest) : intact(rest));
  if (!state) {
    demand(!state.error().detail.empty());
    return 0;
  }
  // What was believed is written and read back as the same.
  const auto again = parse_state(state_text(*state));
  demand(again.ok() && *again == *state);
  return 0;
}
