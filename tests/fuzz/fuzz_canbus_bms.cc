// A battery that talks to inverters: see can_session.h.
#include "can_session.h"
#include "protocol/canbus_bms.h"
#include "protocol/canbus_bms_tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bmsd;
  static const auto ids = [] {
    std::array<FuzzId, canbus::kFrameIds.size()> all{};
    std::transform(canbus::kFrameIds.begin(), canbus::kFrameIds.end(), all.begin(), [](const canbus::Id& one) {
      return FuzzId{one.id, false};
    });
    return all;
  }();
  return fuzz_can_session(kCanBusBms, 0, ids, Bytes(data, size));
}
