// A JK board on CAN: see can_session.h.
#include "can_session.h"
#include "protocol/jkbms_can.h"
#include "protocol/jkbms_can_tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bmsd;
  static const auto ids = [] {
    std::array<FuzzId, jkcan::kIds.size()> all{};
    std::transform(jkcan::kIds.begin(), jkcan::kIds.end(), all.begin(), [](const jkcan::Id& one) {
      return FuzzId{one.id, one.extended};
    });
    return all;
  }();
  return fuzz_can_session(kJkBmsCan, 0, ids, Bytes(data, size));
}
