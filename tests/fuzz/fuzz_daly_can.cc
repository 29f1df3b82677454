// A Daly board on CAN: see can_session.h.
#include "can_session.h"
#include "protocol/daly_can.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bmsd;
  constexpr std::array<FuzzId, 12> kIds = {{{0x18904001, true},
                                            {0x18914001, true},
                                            {0x18924001, true},
                                            {0x18934001, true},
                                            {0x18944001, true},
                                            {0x18954001, true},
                                            {0x18964001, true},
                                            {0x18974001, true},
                                            {0x18984001, true},
                                            {0x18574001, true},
                                            {0x18534001, true},
                                            {0x18954002, true}}};
  return fuzz_can_session(kDalyCan, 1, kIds, Bytes(data, size));
}
