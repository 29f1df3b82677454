// A line that polls, or looks for packs: see talk_on_line.h. The first byte picks the protocols, the second how much is known
// of the line beforehand.
#include "talk_on_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bmsd;
  FuzzInput input(data, size);
  const auto protocols = picked_protocols(input.byte());
  const std::uint8_t known = input.byte();
  LinePlan plan;
  plan.protocols = protocols;
  plan.extras = (known & 1) != 0;
  plan.listen_if_master = (known & 2) != 0;
  if (protocols.size() == 1 && (known & 4) == 0) {
    plan.baud = protocols.front()->speeds.front();
    plan.addresses = {protocols.front()->default_address};
  }
  if ((known & 8) != 0) plan.interval = Duration();
  TalkOnLine talk(std::move(plan), protocols);
  for (int left = 40; left > 0 && !input.empty(); --left) talk.go_on(input);
  talk.end();
  return 0;
}
